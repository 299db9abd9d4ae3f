// SPDX-License-Identifier: MIT
// The definitions of format.hpp, compiled once.
#pragma once

#include <moe/app/format.hpp>

#include <cmath>
#include <cstdio>

namespace moe {

namespace detail {

// Three figures and a step of a thousand: 12.3 k. unit stands behind the prefix.
template <int Steps>
std::string with_prefix(double value, const char* const (&prefixes)[Steps], const char* unit) {
    if (!std::isfinite(value)) return "-";
    int step = 0;
    // Rounded to three figures, 999.6 is already a thousand.
    while (step + 1 < Steps && std::fabs(value) >= 999.5) value /= 1000, ++step;
    const double size = std::fabs(value);
    const bool whole = step == 0 && value == std::floor(value);
    const int digits = whole ? 0 : size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
    char text[48];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    std::string result = text;
    const std::string tail = std::string(prefixes[step]) + unit;
    return tail.empty() ? result : result + ' ' + tail;
}

// Length of the UTF-8 sequence at the start of the text, 0 where there is none. Overlong forms,
// surrogates and what lies above U+10FFFF are none (RFC 3629).
inline std::size_t letter_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return 1;
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
    const unsigned char lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned char highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (byte(1) < lowest || byte(1) > highest) return 0;
    for (std::size_t i = 2; i < length; ++i)
        if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
    return length;
}

// C0 and C1 controls, and the marks that reverse the order of what follows them.
inline bool is_control(std::string_view letter) {
    const auto first = static_cast<unsigned char>(letter[0]);
    if (letter.size() == 1) return first < 0x20 || first == 0x7F;
    if (letter.size() == 2) return first == 0xC2 && static_cast<unsigned char>(letter[1]) < 0xA0;
    return letter == "\u2028" || letter == "\u2029" || (letter >= "\u202A" && letter <= "\u202E") ||
           (letter >= "\u2066" && letter <= "\u2069");
}

}  // namespace detail

std::string fixed(double value, int digits) {
    if (!std::isfinite(value)) return "-";
    char text[352];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

std::string short_count(double count) {
    return detail::with_prefix(count, {"", "k", "M", "B", "T"}, "");
}
std::string short_bytes(double bytes) {
    return detail::with_prefix(bytes, {"", "k", "M", "G", "T"}, "B");
}
std::string short_flop(double flop) {
    return detail::with_prefix(flop, {"", "k", "M", "G", "T", "P", "E", "Z"}, "FLOP");
}
std::string short_joules(double joules) {
    return detail::with_prefix(joules, {"", "k", "M", "G", "T"}, "J");
}

std::string short_time(double seconds) {
    if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e15) return "-";
    char text[48];
    if (seconds < 59.95) {
        std::snprintf(text, sizeof text, "%.1f s", seconds);
        return text;
    }
    const auto whole = static_cast<long long>(seconds + 0.5);
    if (whole < 3600)
        std::snprintf(text, sizeof text, "%lld:%02lld", whole / 60, whole % 60);
    else
        std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60,
                      whole % 60);
    return text;
}

std::string percent(double share, int digits) {
    return std::isfinite(share) ? fixed(100 * share, digits) + " %" : "-";
}

std::string grouped(std::int64_t count) {
    std::string digits = std::to_string(count);
    const int first = digits[0] == '-';
    for (int at = int(digits.size()) - 3; at > first; at -= 3) digits.insert(std::size_t(at), " ");
    return digits;
}

int columns_of(std::string_view text) {
    int columns = 0;
    for (const char letter : text) columns += (static_cast<unsigned char>(letter) & 0xC0) != 0x80;
    return columns;
}

std::string printable(std::string_view text, bool keep_lines) {
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = detail::letter_length(text);
        const std::string_view letter = text.substr(0, length ? length : 1);
        const bool kept = keep_lines && (letter == "\n" || letter == "\t");
        result += length == 0 || (detail::is_control(letter) && !kept) ? "\uFFFD" : letter;
        text.remove_prefix(letter.size());
    }
    return result;
}

}  // namespace moe
