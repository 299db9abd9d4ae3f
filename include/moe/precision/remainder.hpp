// SPDX-License-Identifier: MIT
// A master weight in two parts: a number of a small format, which products read, and what it lacks,
// counted in fractions of half its step. Together they hold 16 to 32 bits of the weight, and small
// updates add up in the remainder instead of being rounded away.
//     weight = base + remainder * half_step / limit        |weight - base| <= half_step
// Base bfloat16: half_step = 2^(exponent - 8). Base e4m3 with a power-of-two scale s:
// half_step = s 2^(exponent - 4). Just below a power of two the interval is only half as wide, so
// nothing is cut off there. FlashOptim (an optimizer library) keeps 8 bits so.
#pragma once

#include <moe/core/bfloat16.hpp>
#include <moe/precision/scaling.hpp>
#include <moe/precision/small_float.hpp>
#include <moe/tensor/view.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace moe {

// Exactly: bfloat16 and the lower half of the float's bits. The base is the nearest, ties away from
// zero (to even, two floats would share both parts). NaN stays NaN but is not told from others.
struct exact_split {
    bfloat16 base;
    std::uint16_t rest;

    exact_split() = default;
    explicit constexpr exact_split(float weight) : base(), rest(0) {
        const auto bits = std::bit_cast<std::uint32_t>(weight);
        if (weight != weight) {
            base = bfloat16(weight);
            return;
        }
        base = bfloat16::from_bits(std::uint16_t((bits + 0x8000U) >> 16));
        rest = std::uint16_t(bits);
    }
    constexpr float weight() const {
        const std::uint32_t high = std::uint32_t{base.bits} << 16;
        // The base was rounded up where the lower half is in its upper half.
        return std::bit_cast<float>((high | rest) - (rest >= 0x8000U ? 0x10000U : 0U));
    }
};
static_assert(sizeof(exact_split) == 4);

// In the place of integers: what products read of a weight is all there is of it.
struct no_remainder {};

// Weights as products read them and, in integers, what those lack (precision/remainder.hpp).
template <class Integer> struct split_rows {
    rows<bfloat16> base;
    rows<Integer> remainder;

    split_rows part(int first, int count) const {
        return {base.part(first, count), remainder.part(first, count)};
    }
};

// The same with a base in e4m3: scale: one power of two for each block of 128 x 128 numbers, row by
// row of blocks.
template <class Integer> struct split_blocks {
    rows<e4m3> base;
    ue8m0* scale = nullptr;
    rows<Integer> remainder;

    constexpr std::ptrdiff_t block(int row, int column) const {
        return std::ptrdiff_t(row / weight_block) * ceil_divide(base.width, weight_block) +
               column / weight_block;
    }
    // From a row on that begins a block.
    split_blocks part(int first, int count) const {
        return {base.part(first, count), scale + block(first, 0), remainder.part(first, count)};
    }
};

// Integer: std::int8_t or std::int16_t.
template <class Integer>
inline constexpr float remainder_limit = float(std::numeric_limits<Integer>::max());

namespace detail {
// 2^n as a float, n between -126 and 127
constexpr float power_of_two(int n) { return std::bit_cast<float>(std::uint32_t(n + 127) << 23); }

// An exponent at least this keeps half steps and what is counted in them away from subnormals.
inline constexpr int lowest_exponent = -97;
}  // namespace detail

constexpr float half_step(bfloat16 base) {
    const int exponent = int(base.bits >> 7 & 255) - 127;
    return detail::power_of_two(
        (exponent > detail::lowest_exponent ? exponent : detail::lowest_exponent) - 8);
}
// 'scale': a power of two, base = scale * code. Zero and subnormals have the smallest normal's.
constexpr float half_step(e4m3 code, float scale) {
    const int field = code.bits >> e4m3::mantissa & 15;
    return detail::power_of_two((field > 1 ? field : 1) - e4m3::bias - e4m3::mantissa - 1) * scale;
}

namespace detail {
// How many fractions of half a step are missing; 0 where there is no number.
template <class Integer> constexpr float fractions(float weight, float base, float half) {
    // Exact up to the last product: base has few bits, half is a power of two.
    const auto inverse = std::bit_cast<float>(0x7F000000U - std::bit_cast<std::uint32_t>(half));
    const float part = (weight - base) * inverse;
    if (!(part == part)) return 0;
    return (part < -1 ? -1.0F : part > 1 ? 1.0F : part) * remainder_limit<Integer>;
}
inline constexpr float to_integer = 12582912.0F;  // 1.5 x 2^23: adding it rounds to an integer
}  // namespace detail

template <class Integer> constexpr Integer remainder_of(float weight, float base, float half) {
    const float z = detail::fractions<Integer>(weight, base, half);
    return Integer(z + detail::to_integer - detail::to_integer);
}
// Up with the probability that the fraction says, to 2^-23.
template <class Integer>
constexpr Integer remainder_of(float weight, float base, float half, std::uint32_t random) {
    const float z = detail::fractions<Integer>(weight, base, half);
    const float nearest = z + detail::to_integer - detail::to_integer;
    const float below = z < nearest ? nearest - 1 : nearest;
    const float uniform = std::bit_cast<float>(random >> 9 | 0x3F800000U) - 1;
    return Integer(uniform < z - below ? below + 1 : below);
}
template <class Integer> float with_remainder(float base, float half, Integer remainder) {
    return std::fma(float(remainder), half * (1 / remainder_limit<Integer>), base);
}

// A weight in its two parts, and back.
template <class Integer>
constexpr void split_weight(float weight, bfloat16& base, Integer& remainder) {
    base = bfloat16(weight);
    remainder = remainder_of<Integer>(weight, float(base), half_step(base));
}
template <class Integer> float joined_weight(bfloat16 base, Integer remainder) {
    return with_remainder(float(base), half_step(base), remainder);
}

}  // namespace moe
