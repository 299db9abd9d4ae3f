// SPDX-License-Identifier: MIT
// Is a text HTML that any browser reads the same way? Every tag is closed in order, every attribute
// quoted, no stray < or &; and it needs nothing but itself.
#pragma once

#include <cctype>
#include <string>
#include <string_view>
#include <vector>

namespace html {

// The first thing that is wrong, or nothing.
inline std::string fault_of(std::string_view text) {
    const auto is_name = [](char letter) {
        return std::isalnum(static_cast<unsigned char>(letter)) || letter == '-';
    };
    const auto near = [&](std::size_t at) { return std::string(text.substr(at, 60)); };
    std::vector<std::string> open;
    std::size_t at = 0;
    while (at < text.size()) {
        if (text[at] == '&') {
            const std::size_t end = text.find(';', at);
            const std::string_view entity = text.substr(at, end - at + 1);
            if (entity != "&amp;" && entity != "&lt;" && entity != "&gt;" && entity != "&quot;" &&
                entity != "&#39;")
                return "stray & in: " + near(at);
        }
        if (text[at] != '<') {
            ++at;
            continue;
        }
        if (text.substr(at, 15) == "<!doctype html>") {
            at += 15;
            continue;
        }
        const bool closing = text.substr(at + 1, 1) == "/";
        std::size_t end = at + 1 + closing;
        while (end < text.size() && is_name(text[end])) ++end;
        const std::string name(text.substr(at + 1 + closing, end - at - 1 - closing));
        if (name.empty()) return "stray < in: " + near(at);
        const std::size_t begin = at;
        at = end;
        while (at < text.size() && text[at] != '>' && text[at] != '/') {
            if (text[at] == ' ') {
                ++at;
                continue;
            }
            std::size_t equals = at;
            while (equals < text.size() && is_name(text[equals])) ++equals;
            if (equals == at || text.substr(equals, 2) != "=\"")
                return "attribute without quotes in: " + near(begin);
            const std::size_t quote = text.find('"', equals + 2);
            if (quote == text.npos) return "attribute without an end in: " + near(begin);
            if (text.substr(equals, quote - equals).find('<') != text.npos)
                return "< in an attribute in: " + near(begin);
            at = quote + 1;
        }
        const bool empty = text.substr(at, 1) == "/";
        at += empty + 1;
        if (at > text.size()) return "tag without an end: " + near(begin);
        if (closing) {
            if (open.empty() || open.back() != name) return "unexpected " + near(begin);
            open.pop_back();
        } else if (name == "style") {
            at = text.find("</style>", at);
            if (at == text.npos) return "style without an end";
            at += 8;
        } else if (!empty && name != "meta" && name != "br") {
            open.push_back(name);
        }
    }
    return open.empty() ? "" : "never closed: " + open.back();
}

// The first thing that would be loaded or run, or nothing.
inline std::string reference_in(std::string_view text) {
    for (const std::string_view needle :
         {"http:",   "https:",      "//",      "src=",     "href=",      "url(", "@import",
          "<script", "<link",       "<iframe", "<object",  "<embed",     "<img", "<image",
          "<use",    "javascript:", " onload", " onclick", "@font-face", "<base"})
        if (text.find(needle) != text.npos) return std::string(needle);
    return "";
}

inline int count_of(std::string_view text, std::string_view piece) {
    int count = 0;
    for (std::size_t i = 0; (i = text.find(piece, i)) != text.npos; i += piece.size()) ++count;
    return count;
}

}  // namespace html
