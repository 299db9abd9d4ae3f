// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/core/bfloat16.hpp>
#include <moe/core/random.hpp>

#include <cmath>
#include <limits>

using moe::bfloat16;

static_assert(float(bfloat16(1.0F)) == 1.0F && bfloat16(1.0F).bits == 0x3F80);
static_assert(bfloat16(1.00390625F).bits == 0x3F80);  // a tie goes to the even one
static_assert(bfloat16(1.01171875F).bits == 0x3F82);

TEST_CASE("every bfloat16 comes back from float as it was") {
    for (unsigned bits = 0; bits < 0x10000; ++bits) {
        const bfloat16 value = bfloat16::from_bits(std::uint16_t(bits));
        const float wide = value;
        if (std::isnan(wide))
            CHECK(bfloat16(wide).bits == (bits | 0x40U));
        else
            CHECK(bfloat16(wide).bits == bits);
    }
}

TEST_CASE("a float goes to the nearest bfloat16, half way to the even one") {
    for (unsigned bits = 0; bits < 0x7F7F; ++bits) {
        const float low = bfloat16::from_bits(std::uint16_t(bits));
        const float high = bfloat16::from_bits(std::uint16_t(bits + 1));
        const float middle = float((double(low) + double(high)) / 2);
        CHECK(bfloat16(middle).bits == bits + bits % 2);
        CHECK(bfloat16(std::nextafter(middle, low)).bits == bits);
        CHECK(bfloat16(std::nextafter(middle, high)).bits == bits + 1);
        CHECK(bfloat16(-std::nextafter(middle, high)).bits == (0x8000U | (bits + 1)));
    }
    constexpr float infinity = std::numeric_limits<float>::infinity();
    CHECK(float(bfloat16(std::numeric_limits<float>::max())) == infinity);
    CHECK(float(bfloat16(-infinity)) == -infinity);
}
