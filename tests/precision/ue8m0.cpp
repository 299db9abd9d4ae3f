// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/core/random.hpp>
#include <moe/precision/ue8m0.hpp>

#include <cmath>
#include <limits>

namespace {

using moe::ue8m0;

static_assert(float(ue8m0(1.0F)) == 1 && ue8m0(1.0F).bits == 127 && float(ue8m0::up(1.1F)) == 2);

constexpr float infinity = std::numeric_limits<float>::infinity();

TEST_CASE("every code is its power of two, and comes back") {
    for (unsigned bits = 0; bits < 255; ++bits) {
        const auto u = ue8m0::from_bits(std::uint8_t(bits));
        CHECK(float(u) == std::ldexp(1.0F, int(bits) - 127));
        CHECK(ue8m0(float(u)).bits == bits);
        CHECK(ue8m0::up(float(u)).bits == bits);
        CHECK(ue8m0::overflowing(float(u)).bits == bits);
    }
    CHECK(std::isnan(float(ue8m0::from_bits(255))));
}

TEST_CASE("a float goes to the nearer power, half way to the larger") {
    for (int e = -127; e < 127; ++e) {
        const float low = std::ldexp(1.0F, e), middle = low * 1.5F;
        const auto code = unsigned(e + 127);
        CHECK(ue8m0(middle).bits == code + 1);
        CHECK(ue8m0(std::nextafter(middle, 0.0F)).bits == code);
        CHECK(ue8m0(std::nextafter(low, infinity)).bits == code);
        CHECK(ue8m0(std::nextafter(2 * low, 0.0F)).bits == code + 1);
    }
}

TEST_CASE("up: the smallest power that is not below") {
    for (std::uint64_t i = 0; i < 5000; ++i) {
        const auto bits = std::uint32_t(moe::random_bits(1, 2, i)) % 0x7F000000U;
        const auto value = std::bit_cast<float>(bits);
        const float up = ue8m0::up(value);
        CHECK(up >= value);
        if (up > 0x1p-127F) CHECK(up / 2 < value);
    }
    for (int e = -127; e < 127; ++e)
        CHECK(ue8m0::up(std::nextafter(std::ldexp(1.0F, e), infinity)).bits == unsigned(e + 128));
}

TEST_CASE("beyond both ends, and what has no power of two") {
    CHECK(ue8m0(std::numeric_limits<float>::max()).bits == 254);
    CHECK(ue8m0::up(std::numeric_limits<float>::max()).bits == 254);
    CHECK(ue8m0::overflowing(std::numeric_limits<float>::max()).bits == 255);
    CHECK(ue8m0::overflowing(0x1.7p127F).bits == 254);
    for (const float tiny : {0.0F, -0.0F, 0x1p-149F, 0x1p-128F}) {
        CHECK(ue8m0(tiny).bits == 0);
        CHECK(ue8m0::up(tiny).bits == 0);
    }
    CHECK(ue8m0::overflowing(0.0F).bits == 255);
    CHECK(ue8m0::overflowing(0x1p-149F).bits == 0);
    for (const float value :
         {-1.0F, -0x1p-149F, infinity, -infinity, std::numeric_limits<float>::quiet_NaN(),
          -std::numeric_limits<float>::quiet_NaN()}) {
        CHECK(ue8m0(value).bits == 255);
        CHECK(ue8m0::up(value).bits == 255);
        CHECK(ue8m0::overflowing(value).bits == 255);
    }
}

}  // namespace
