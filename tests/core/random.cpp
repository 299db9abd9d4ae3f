// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/core/random.hpp>

#include <cmath>

// The known answers that come with Random123 for Philox 4x32-10.
static_assert(moe::philox(0, 0, 0) ==
              moe::random_block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
static_assert(moe::philox(~0ULL, ~0ULL, ~0ULL) ==
              moe::random_block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
static_assert(moe::philox(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88) ==
              moe::random_block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});

TEST_CASE("normal numbers have mean 0, deviation 1 and the moments of a bell") {
    double sum = 0, squares = 0, fourth = 0;
    constexpr int count = 200000;
    for (int i = 0; i < count; ++i) {
        const double x = moe::random_normal(3, 4, std::uint64_t(i));
        sum += x;
        squares += x * x;
        fourth += x * x * x * x;
    }
    CHECK(std::abs(sum / count) < 0.01);
    CHECK(squares / count == doctest::Approx(1).epsilon(0.01));
    // A normal distribution has 3; eight uniforms 3 - 6 / (5 * 8).
    CHECK(fourth / count == doctest::Approx(2.85).epsilon(0.02));
}

TEST_CASE("numbers below a bound are below it and equally frequent") {
    int counts[7] = {};
    for (std::uint64_t i = 0; i < 70000; ++i) ++counts[moe::random_below(7, 1, 2, i)];
    for (const int count : counts) CHECK(count == doctest::Approx(10000).epsilon(0.05));
    CHECK(moe::random_below(1, 1, 2, 3) == 0);
}

TEST_CASE("streams and seeds have nothing in common") {
    int equal = 0;
    for (std::uint64_t i = 0; i < 1000; ++i) {
        equal += moe::random_bits(1, 1, i) == moe::random_bits(1, 2, i);
        equal += moe::random_bits(1, 1, i) == moe::random_bits(2, 1, i);
    }
    CHECK(equal == 0);
    CHECK(moe::random_uniform(1, 1, 1) < 1);
}
