// SPDX-License-Identifier: MIT
// JSON from files that nobody vouches for, for the parts that read it: no key twice in an object,
// no NUL byte, no text after the end, at most 64 levels.
#pragma once

#include <moe/core/error.hpp>
#include <moe/io/json.hpp>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace moe::detail {

// The parser copies a token several times when it complains. So none may be long: texts up to 1
// MiB, numbers and words up to 64 bytes.
inline bool has_long_token(std::string_view text) {
    bool in_text = false, escaped = false;
    std::size_t length = 0;
    for (const char letter : text) {
        if (in_text) {
            if (++length > std::size_t{1} << 20) return true;
            if (escaped)
                escaped = false;
            else if (letter == '\\')
                escaped = true;
            else if (letter == '"')
                in_text = false, length = 0;
        } else if (letter == '"') {
            in_text = true, length = 0;
        } else if (std::string_view("{}[],: \t\r\n").find(letter) != std::string_view::npos) {
            length = 0;
        } else if (++length > 64) {
            return true;
        }
    }
    return false;
}

}  // namespace moe::detail

namespace moe::io {

// 'file' is only for messages.
inline nlohmann::json strict_json(std::string_view text, const std::string& file) {
    using event = nlohmann::json::parse_event_t;
    constexpr int deepest = 64;
    if (text.find('\0') != std::string_view::npos)
        throw error(file + ": holds a NUL byte, JSON was expected");
    if (moe::detail::has_long_token(text)) throw error(file + ": holds a text over 1 MiB");
    std::vector<std::set<std::string>> keys;  // of the objects that are open
    const auto watch = [&](int depth, event what, nlohmann::json& value) {
        if (what == event::object_start || what == event::array_start) {
            if (depth >= deepest)
                throw error(file + ": JSON deeper than " + std::to_string(deepest) + " levels");
            keys.emplace_back();
        } else if (what == event::object_end || what == event::array_end) {
            keys.pop_back();
        } else if (what == event::key) {
            const auto& key = value.get_ref<const std::string&>();
            if (!keys.back().insert(key).second)
                throw error(file + ": JSON key " + json_quoted(key) + " stands there twice");
        }
        return true;
    };
    try {
        return nlohmann::json::parse(text.begin(), text.end(), watch);
    } catch (const nlohmann::json::parse_error& wrong) {
        throw error(file + ": not JSON (byte " + std::to_string(wrong.byte) + ")");
    } catch (const nlohmann::json::exception&) {
        throw error(file + ": JSON with a number out of range");
    }
}

}  // namespace moe::io
