// SPDX-License-Identifier: MIT
// Writes JSON piece by piece, and numbers the same way in every locale: the shortest text that
// reads back as the same number. Reading stays in parts (io/strict_json.part.hpp).
#pragma once

#include <moe/core/error.hpp>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace moe::io {

std::string number_text(double number);
std::string number_text(float number);
std::string number_text(std::int64_t number);
std::string number_text(std::uint64_t number);
// "text" with quotes and escapes; bytes that are not UTF-8 become U+FFFD.
std::string json_quoted(std::string_view text);
// The length of the UTF-8 sequence at the start of a text; 0 when there is none.
std::size_t utf8_length(std::string_view text);

// json("compact").object().field("step", 3).key("loss").array().value(2.5).close().close().text()
//   -> {"step":3,"loss":[2.5]}
class json_writer {
public:
    // indent: spaces a level, each item on a line of its own; 0: everything on one line.
    explicit json_writer(int indent = 0) : indent_(indent) {}

    json_writer& object() { return open('{'); }
    json_writer& array() { return open('['); }
    json_writer& close();
    json_writer& key(std::string_view name);

    json_writer& value(std::string_view text) { return item(json_quoted(text)); }
    json_writer& value(const char* text) { return item(json_quoted(text)); }
    json_writer& value(const std::string& text) { return item(json_quoted(text)); }
    json_writer& value(bool truth) { return item(truth ? "true" : "false"); }
    // NaN and infinities, which JSON has not, become null.
    template <std::floating_point Number> json_writer& value(Number number) {
        return item(number - number == 0 ? number_text(number) : "null");
    }
    template <std::integral Number> json_writer& value(Number number) {
        if constexpr (std::signed_integral<Number>)
            return item(number_text(std::int64_t{number}));
        else
            return item(number_text(std::uint64_t{number}));
    }
    json_writer& null() { return item("null"); }
    template <class Value> json_writer& field(std::string_view name, const Value& value_of_field) {
        key(name);
        return value(value_of_field);
    }
    // A piece that is JSON already.
    json_writer& raw(std::string_view text) { return item(text); }

    // Everything written so far; complete once every object and array is closed.
    const std::string& text() const { return text_; }

private:
    json_writer& open(char bracket);
    json_writer& item(std::string_view text);
    void next_line();

    std::string text_, open_;  // open_: the closing brackets that are due
    int indent_;
    bool first_ = true, after_key_ = false;
};

}  // namespace moe::io
