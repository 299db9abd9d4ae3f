// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/core/bfloat16.hpp>
#include <moe/core/random.hpp>
#include <moe/device/emulator/tensor_core.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace {

using namespace moe;
using namespace moe::emulator;

double value_of_fp16(unsigned bits) {
    const int e = int(bits >> 10 & 31), f = int(bits & 1023);
    const double size = e == 31 ? (f ? std::nan("") : HUGE_VAL)
                        : e     ? std::ldexp(1024 + f, e - 25)
                                : std::ldexp(f, -24);
    return bits >> 15 ? -size : size;
}
double value_of_bf16(unsigned bits) { return bfloat16::from_bits(std::uint16_t(bits)); }
float toward_zero(double x) {
    const float nearest = float(x);
    return std::fabs(double(nearest)) > std::fabs(x) ? std::nextafterf(nearest, 0) : nearest;
}
int exponent_of(double x, int lowest) {
    if (x == 0) return -126;
    int e;
    std::frexp(x, &e);
    return e - 1 < lowest ? lowest : e - 1;
}

// The rule again, in double: a value is cut to multiples of 2^(largest exponent - 24).
template <class Value>
double by_the_rule(const std::uint16_t* a, const std::uint16_t* b, double c, Value&& value,
                   int lowest, int lowest_c) {
    int top = exponent_of(c, lowest_c);
    for (int k = 0; k < 8; ++k)
        top = std::max(top, exponent_of(value(a[k]), lowest) + exponent_of(value(b[k]), lowest));
    const double unit = std::ldexp(1, top - 24);
    double sum = std::trunc(c / unit);
    for (int k = 0; k < 8; ++k) sum += std::trunc(value(a[k]) * value(b[k]) / unit);
    return sum * unit;
}

std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }

TEST_CASE("Ampere's bf16 dot has the rule's bits, twice eight products") {
    std::uint64_t n = 0;
    for (int trial = 0; trial < 3000; ++trial) {
        std::uint16_t a[16], b[16];
        // Exponents in a narrow range, in a wide one, in the subnormals.
        const int width = trial % 3 == 0 ? 8 : 40, centre = trial % 5 == 0 ? 65 : 127;
        const auto draw = [&] {
            const auto x = std::uint32_t(random_bits(7, 0, n++));
            if (x % 17 == 0) return std::uint16_t(0);
            const int e = centre - width / 2 + int(x >> 8) % width;
            return std::uint16_t((x & 0x807FU) | std::uint32_t(e) << 7);
        };
        for (int k = 0; k < 16; ++k) a[k] = draw(), b[k] = draw();
        float c = std::ldexp(random_normal(8, 0, n++), trial % 41 - 20);
        if (trial % 7 == 0) c = 0;
        double expected = by_the_rule(a, b, c, value_of_bf16, -126, -126);
        expected = by_the_rule(a + 8, b + 8, toward_zero(expected), value_of_bf16, -126, -126);
        const std::uint32_t got =
            tensor_core<sm80>::dot16<format::bf16, format::fp32>(a, b, bits_of(c));
        CAPTURE(trial);
        REQUIRE(std::bit_cast<float>(got) == toward_zero(expected));
    }
}

TEST_CASE("fp16 products: an fp32 accumulator is cut, an fp16 one rounded to nearest even") {
    std::uint64_t n = 0;
    int ties = 0;
    for (int trial = 0; trial < 3000; ++trial) {
        std::uint16_t a[8], b[8];
        for (int k = 0; k < 8; ++k) {
            a[k] = std::uint16_t((random_bits(1, 1, n++) & 0x83FFU) |
                                 unsigned(8 + trial * 7 % 12 + k % 3) << 10);
            b[k] = std::uint16_t((random_bits(1, 1, n++) & 0x83FFU) |
                                 unsigned(8 + trial % 9 + k % 2) << 10);
            if (trial % 2 == 0) a[k] &= 0xFF00U, b[k] &= 0xFF80U;  // so that ties happen
        }
        const float c = random_normal(3, 1, n++);
        const double wide = by_the_rule(a, b, c, value_of_fp16, -14, -126);
        const auto got = fused_dot<format::fp16, format::fp32, 24>(a, b, 8, bits_of(c));
        REQUIRE(std::bit_cast<float>(got) == toward_zero(wide));

        const auto start =
            std::uint16_t((random_bits(1, 2, n++) & 0x83FFU) | unsigned(14 + trial % 4) << 10);
        const double exact = by_the_rule(a, b, value_of_fp16(start), value_of_fp16, -14, -14);
        const auto narrow = fused_dot<format::fp16, format::fp16, 24>(a, b, 8, start);
        const double below = value_of_fp16(narrow - 1), above = value_of_fp16(narrow + 1);
        const double off = std::fabs(value_of_fp16(narrow) - exact);
        REQUIRE(off <= std::fabs(below - exact));
        REQUIRE(off <= std::fabs(above - exact));
        if (off == std::fabs(below - exact) || off == std::fabs(above - exact)) {
            ++ties;
            REQUIRE(narrow % 2 == 0);
        }
    }
    CHECK(ties > 10);
}

TEST_CASE("what is not finite") {
    const std::uint16_t one = 0x3F80, infinity = 0x7F80, minus = 0xFF80, zero = 0;
    const auto dot = [](std::uint16_t x, std::uint16_t y, std::uint16_t z, float c) {
        std::uint16_t a[8] = {x, z}, b[8] = {y, 0x3F80};
        return fused_dot<format::bf16, format::fp32, 24>(a, b, 8, bits_of(c));
    };
    CHECK(dot(infinity, one, zero, 1) == 0x7F800000U);
    CHECK(dot(minus, one, zero, 1) == 0xFF800000U);
    CHECK(dot(infinity, one, minus, 1) == 0x7FFFFFFFU);
    CHECK(dot(infinity, zero, one, 1) == 0x7FFFFFFFU);
    CHECK(dot(0x7FC1, one, one, 1) == 0x7FFFFFFFU);
    CHECK(dot(one, one, zero, -HUGE_VALF) == 0xFF800000U);
    CHECK(dot(0x7F7F, 0x7F7F, zero, 1) == 0x7F800000U);  // too large
    CHECK(dot(0x8001, 0x0001, zero, 0) == 0U);           // too small, without a sign
    CHECK(dot(0x0080, one, zero, std::ldexp(1.F, -149)) == 0x00800001U);
}

TEST_CASE("a large summand cuts the small ones") {
    std::uint16_t a[8] = {0x3F80, 0x3F80, 0x3F80}, b[8] = {0x4B80 /* 2^24 */, 0x3F00, 0x3F00};
    // 2^24 + 0.5 + 0.5: each half is a multiple of 2^(24 - 24) only after it is cut to nothing.
    CHECK(fused_dot<format::bf16, format::fp32, 24>(a, b, 8, 0) == bits_of(16777216.F));
    b[0] = 0x4B00;  // 2^23: kept
    CHECK(fused_dot<format::bf16, format::fp32, 24>(a, b, 8, 0) == bits_of(8388609.F));
}

TEST_CASE("fragments: every element has one place, and products land where c says") {
    fragments f{};
    std::uint32_t a[32][4], b[32][2];
    for (int lane = 0; lane < 32; ++lane) {
        for (int r = 0; r < 4; ++r)
            a[lane][r] = std::uint32_t(lane * 8 + r * 2) | std::uint32_t(lane * 8 + r * 2 + 1)
                                                               << 16;
        for (int r = 0; r < 2; ++r)
            b[lane][r] = std::uint32_t(lane * 4 + r * 2) | std::uint32_t(lane * 4 + r * 2 + 1)
                                                               << 16;
        f.put_a(lane, a[lane]);
        f.put_b(lane, b[lane]);
    }
    bool seen_a[256] = {}, seen_b[128] = {}, seen_c[128] = {};
    for (auto& row : f.a)
        for (const std::uint16_t x : row) CHECK(!std::exchange(seen_a[x], true));
    for (auto& column : f.b)
        for (const std::uint16_t x : column) CHECK(!std::exchange(seen_b[x], true));
    for (int lane = 0; lane < 32; ++lane)
        for (int i = 0; i < 4; ++i)
            CHECK(!std::exchange(seen_c[&f.c_of(lane, i) - &f.c[0][0]], true));
    // From the PTX text: a1 of lane 5 is row 1 + 8, columns 2 and 3; b1 of lane 6 rows 12 and 13 of
    // column 1; c3 of lane 7 is row 9, column 7.
    CHECK(f.a[9][2] == 5 * 8 + 2);
    CHECK(f.b[1][12] == 6 * 4 + 2);
    CHECK(&f.c_of(7, 3) == &f.c[9][7]);
}

}  // namespace
