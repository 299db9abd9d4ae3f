// SPDX-License-Identifier: MIT
// Definitions of io/json.hpp.
#pragma once

#include <moe/core/check.hpp>
#include <moe/io/json.hpp>

#include <charconv>

namespace moe::detail {

template <class Number> std::string shortest_text(Number number) {
    char text[64];
    const auto end = std::to_chars(text, text + sizeof text, number).ptr;
    return std::string(text, end);
}

}  // namespace moe::detail

namespace moe::io {

std::size_t utf8_length(std::string_view text) {
    const auto at = [&](std::size_t i) { return i < text.size() ? std::uint8_t(text[i]) : 0U; };
    const unsigned lead = at(0);
    if (lead < 0x80) return text.empty() ? 0 : 1;
    if (lead < 0xC2 || lead > 0xF4) return 0;
    const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    // The second byte's range keeps out overlong forms, surrogates and what lies above U+10FFFF.
    const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (at(1) < low || at(1) > high) return 0;
    for (std::size_t i = 2; i < length; ++i)
        if ((at(i) & 0xC0) != 0x80) return 0;
    return length;
}

std::string number_text(double number) { return moe::detail::shortest_text(number); }
std::string number_text(float number) { return moe::detail::shortest_text(number); }
std::string number_text(std::int64_t number) { return moe::detail::shortest_text(number); }
std::string number_text(std::uint64_t number) { return moe::detail::shortest_text(number); }

std::string json_quoted(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        const char letter = text.front();
        const std::size_t length = utf8_length(text);
        if (length == 0)
            out += "\xEF\xBF\xBD";
        else if (letter == '"' || letter == '\\')
            (out += '\\') += letter;
        else if (letter == '\n')
            out += "\\n";
        else if (letter == '\r')
            out += "\\r";
        else if (letter == '\t')
            out += "\\t";
        else if (letter == '\b')
            out += "\\b";
        else if (letter == '\f')
            out += "\\f";
        else if (std::uint8_t(letter) < 0x20) {
            out += "\\u00";
            out += "0123456789abcdef"[letter >> 4 & 15];
            out += "0123456789abcdef"[letter & 15];
        } else
            out += text.substr(0, length);
        text.remove_prefix(length ? length : 1);
    }
    return out += '"';
}

void json_writer::next_line() {
    if (indent_ == 0) return;
    text_ += '\n';
    text_.append(open_.size() * std::size_t(indent_), ' ');
}

json_writer& json_writer::item(std::string_view text) {
    if (after_key_)
        after_key_ = false;
    else if (!open_.empty()) {
        if (!first_) text_ += ',';
        next_line();
    }
    first_ = false;
    text_ += text;
    return *this;
}

json_writer& json_writer::open(char bracket) {
    item(std::string_view(&bracket, 1));
    open_ += bracket == '{' ? '}' : ']';
    first_ = true;
    return *this;
}

json_writer& json_writer::close() {
    MOE_CHECK(open_.size(), >, 0);
    const char bracket = open_.back();
    open_.pop_back();
    if (!first_) next_line();
    first_ = false;
    text_ += bracket;
    return *this;
}

json_writer& json_writer::key(std::string_view name) {
    item(json_quoted(name));
    text_ += indent_ ? ": " : ":";
    after_key_ = true;
    return *this;
}

}  // namespace moe::io
