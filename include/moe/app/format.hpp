// SPDX-License-Identifier: MIT
// Numbers as a person reads them; the same in the terminal, the progress line and the report.
// What is not a number is "-".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace moe {

std::string fixed(double value, int digits);        // 1.981
std::string short_count(double count);              // 950, 12.3 k, 17.3 M, 671 B, 2.5 T
std::string short_bytes(double bytes);              // 950 B, 64.0 MB, 1.34 TB; kB = 1000 bytes
std::string short_flop(double flop);                // 41.0 GFLOP, 1.60 PFLOP
std::string short_joules(double joules);            // 85.0 J, 2.47 kJ, 1.02 MJ
std::string short_time(double seconds);             // 4.2 s, 1:23, 2:03:04
std::string percent(double share, int digits = 1);  // 37.1 %
std::string grouped(std::int64_t count);            // 1 234 567

// Columns that a text takes in a terminal with fixed letters, one a code point.
int columns_of(std::string_view text);

// The text without what would break a line or move the cursor: control characters and bytes that
// are no UTF-8 become U+FFFD; line ends and tabs too unless they are kept.
std::string printable(std::string_view text, bool keep_lines = false);

}  // namespace moe
