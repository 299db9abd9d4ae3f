// SPDX-License-Identifier: MIT
#include <moe/app/format.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <string>

using namespace moe;

namespace {
const double not_a_number = std::numeric_limits<double>::quiet_NaN();
const double infinity = std::numeric_limits<double>::infinity();
}  // namespace

TEST_CASE("format: three figures and a prefix, without 1000 of anything") {
    CHECK(short_count(0) == "0");
    CHECK(short_count(950) == "950");
    CHECK(short_count(2.5) == "2.50");
    CHECK(short_count(999.4) == "999");
    CHECK(short_count(999.6) == "1.00 k");
    CHECK(short_count(1000) == "1.00 k");
    CHECK(short_count(12345) == "12.3 k");
    CHECK(short_count(99950) == "100 k");
    CHECK(short_count(999499) == "999 k");
    CHECK(short_count(999500) == "1.00 M");
    CHECK(short_count(671e9) == "671 B");
    CHECK(short_count(14.8e12) == "14.8 T");
    CHECK(short_count(5e18) == "5000000 T");
    CHECK(short_count(-12345) == "-12.3 k");
    CHECK(short_bytes(64e6) == "64.0 MB");
    CHECK(short_bytes(1) == "1 B");
    CHECK(short_flop(7.1e11) == "710 GFLOP");
    CHECK(short_flop(3.3e24) == "3300 ZFLOP");
    CHECK(short_joules(2468) == "2.47 kJ");
    CHECK(short_count(not_a_number) == "-");
    CHECK(short_bytes(infinity) == "-");
}

TEST_CASE("format: times") {
    CHECK(short_time(0) == "0.0 s");
    CHECK(short_time(59.94) == "59.9 s");
    CHECK(short_time(59.96) == "1:00");
    CHECK(short_time(83) == "1:23");
    CHECK(short_time(3599.4) == "59:59");
    CHECK(short_time(3599.6) == "1:00:00");
    CHECK(short_time(7384) == "2:03:04");
    CHECK(short_time(400000) == "111:06:40");
    CHECK(short_time(-1) == "-");
    CHECK(short_time(not_a_number) == "-");
    CHECK(short_time(infinity) == "-");
}

TEST_CASE("format: fixed, percent, grouped") {
    CHECK(fixed(1.98149, 3) == "1.981");
    CHECK(fixed(not_a_number, 3) == "-");
    CHECK(fixed(1e300, 2).size() > 300);
    CHECK(percent(0.3712) == "37.1 %");
    CHECK(percent(0.3712, 0) == "37 %");
    CHECK(percent(not_a_number) == "-");
    CHECK(grouped(0) == "0");
    CHECK(grouped(999) == "999");
    CHECK(grouped(1000) == "1 000");
    CHECK(grouped(-1000) == "-1 000");
    CHECK(grouped(-100) == "-100");
    CHECK(grouped(1234567) == "1 234 567");
}

TEST_CASE("format: columns count letters, not bytes") {
    CHECK(columns_of("") == 0);
    CHECK(columns_of("loss") == 4);
    CHECK(columns_of("größe") == 5);
    CHECK(columns_of("━━") == 2);
}

TEST_CASE("format: printable text keeps letters and loses what moves a cursor") {
    CHECK(printable("größe 5 \u20AC \U0001F600") == "größe 5 \u20AC \U0001F600");
    CHECK(printable("a\x1b[31mb") == "a\uFFFD[31mb");
    CHECK(printable(std::string("a\0b", 3)) == "a\uFFFDb");
    CHECK(printable("a\nb\tc\r") == "a\uFFFDb\uFFFDc\uFFFD");
    CHECK(printable("a\nb\tc\r", true) == "a\nb\tc\uFFFD");
    CHECK(printable("\x7f") == "\uFFFD");
    CHECK(printable("\u0085\u202Eabc\u2066") ==
          "\uFFFD\uFFFD"
          "abc\uFFFD");
    CHECK(printable("\u00A0\u2010\u2070") == "\u00A0\u2010\u2070");
}

TEST_CASE("format: bytes that are no UTF-8 are replaced one by one") {
    CHECK(printable("\x80") == "\uFFFD");
    CHECK(printable("\xC0\xAF") == "\uFFFD\uFFFD");                      // overlong '/'
    CHECK(printable("\xE0\x80\xAF") == "\uFFFD\uFFFD\uFFFD");            // overlong again
    CHECK(printable("\xED\xA0\x80") == "\uFFFD\uFFFD\uFFFD");            // a surrogate
    CHECK(printable("\xF4\x90\x80\x80") == "\uFFFD\uFFFD\uFFFD\uFFFD");  // above U+10FFFF
    CHECK(printable("\xF5") == "\uFFFD");
    CHECK(printable("\xC3") == "\uFFFD");  // cut off
    CHECK(printable("\xE2\x82g") == "\uFFFD\uFFFDg");
    CHECK(printable("\xF4\x8F\xBF\xBF") == "\xF4\x8F\xBF\xBF");  // U+10FFFF itself
}
