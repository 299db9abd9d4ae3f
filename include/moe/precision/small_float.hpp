// SPDX-License-Identifier: MIT
// Floats of at most sixteen bits: e4m3 and e5m2 (a byte each) and e5m6 (twelve bits; how they are
// packed stands in precision/e5m6.hpp). Subnormals as in IEEE 754. What is not finite never becomes
// a number, and subnormals are never flushed.
#pragma once

#include <moe/core/bfloat16.hpp>

#include <bit>
#include <cstdint>
#include <type_traits>

namespace moe {

struct small_float_shape {
    int exponent, mantissa;  // bits of each
    // Without infinity the codes of the highest exponent are numbers, all but the last: NaN.
    bool infinity;
};

namespace detail {

// The significand of a float cut off behind the bits that a format keeps. A step is the distance
// from one number of the format to the next.
struct cut {
    std::uint32_t kept;  // whole steps
    std::uint32_t rest;  // of 2^dropped
    int dropped;

    constexpr bool nearest() const {
        const std::uint64_t twice = std::uint64_t{rest} << 1, one = std::uint64_t{1} << dropped;
        return twice > one || (twice == one && kept % 2 == 1);
    }
    // Up with the probability rest / 2^dropped, to 2^-32.
    constexpr bool stochastic(std::uint32_t random) const {
        const std::uint64_t share =
            dropped <= 32 ? std::uint64_t{rest} << (32 - dropped) : rest >> (dropped - 32);
        return random < share;
    }
};

// Of the magnitude's bits; 'exponent' is the biased exponent of the number's step, at least that of
// the format's smallest normal.
constexpr cut cut_at(std::uint32_t magnitude, int exponent, int mantissa) {
    const int own = int(magnitude >> 23);
    const std::uint32_t significand = (magnitude & 0x7FFFFFU) | (own > 0 ? 0x800000U : 0U);
    const int below = exponent - (own > 0 ? own : 1);
    // A significand has 24 bits: beyond 56 no rounding can tell how many more were dropped.
    const int dropped = 23 - mantissa + (below < 40 ? below : 40);
    const std::uint32_t kept = dropped < 32 ? significand >> dropped : 0;
    return {kept, dropped < 32 ? significand - (kept << dropped) : significand, dropped};
}

}  // namespace detail

template <small_float_shape Shape> struct small_float {
    using code =
        std::conditional_t<(Shape.exponent + Shape.mantissa < 8), std::uint8_t, std::uint16_t>;
    static constexpr small_float_shape shape = Shape;
    static constexpr int mantissa = Shape.mantissa;
    static constexpr int bias = (1 << (Shape.exponent - 1)) - 1;
    // A float's biased exponent of the smallest normal.
    static constexpr int lowest = 127 + 1 - bias;
    static constexpr unsigned sign_bit = 1U << (Shape.exponent + mantissa);
    // Codes without sign: the first that is no number (infinity, or NaN where there is none), the
    // largest number, the quiet NaN.
    static constexpr unsigned not_finite =
        Shape.infinity ? sign_bit - (1U << mantissa) : sign_bit - 1;
    static constexpr unsigned largest_code = not_finite - 1;
    static constexpr unsigned nan_code =
        Shape.infinity ? not_finite | 1U << (mantissa - 1) : not_finite;

    code bits;

    small_float() = default;
    // To the nearest, ties to even. Saturates: a finite number beyond the largest becomes the
    // largest. Infinity stays infinity, or becomes NaN where there is none.
    explicit constexpr small_float(float value)
        : bits(encoded(value, true, [](detail::cut c) { return c.nearest(); })) {}

    // To the nearest, but beyond the largest (from half a step on) infinity, or NaN without one.
    static constexpr small_float overflowing(float value) {
        return from_bits(encoded(value, false, [](detail::cut c) { return c.nearest(); }));
    }
    // To one of the two neighbours, each the likelier the closer; saturates. 'random': 32 bits.
    static constexpr small_float stochastic(float value, std::uint32_t random) {
        return from_bits(encoded(value, true, [=](detail::cut c) { return c.stochastic(random); }));
    }
    static constexpr small_float from_bits(code bits) {
        small_float f{};
        f.bits = bits;
        return f;
    }
    static constexpr small_float largest() { return from_bits(largest_code); }

    constexpr operator float() const {
        const std::uint32_t sign = bits & sign_bit ? 0x80000000U : 0U;
        const std::uint32_t magnitude = bits & (sign_bit - 1);
        if (magnitude >= not_finite) {
            const bool is_infinity = Shape.infinity && magnitude == not_finite;
            return std::bit_cast<float>(sign | (is_infinity ? 0x7F800000U : 0x7FC00000U));
        }
        if (magnitude >> mantissa == 0) {
            const float step = std::bit_cast<float>(std::uint32_t(lowest - mantissa) << 23);
            return sign ? -(float(magnitude) * step) : float(magnitude) * step;
        }
        return std::bit_cast<float>(
            sign | ((magnitude << (23 - mantissa)) + (std::uint32_t(lowest - 1) << 23)));
    }

private:
    template <class Up> static constexpr code encoded(float value, bool saturates, Up up) {
        const auto x = std::bit_cast<std::uint32_t>(value);
        const unsigned sign = x >> 31 ? sign_bit : 0;
        const std::uint32_t magnitude = x & 0x7FFFFFFFU;
        if (magnitude > 0x7F800000U) return code(sign | nan_code);
        if (magnitude == 0x7F800000U) return code(sign | not_finite);
        const int own = int(magnitude >> 23), exponent = own > lowest ? own : lowest;
        const detail::cut c = detail::cut_at(magnitude, exponent, mantissa);
        // The hidden bit of what is kept counts as one more exponent; so does a carry.
        const unsigned rounded =
            (unsigned(exponent - lowest) << mantissa) + c.kept + (up(c) ? 1U : 0U);
        if (rounded < not_finite) return code(sign | rounded);
        return code(sign | (saturates ? largest_code : not_finite));
    }
};

// "OCP 8-bit floating point specification" 1.0 (2023): largest 448 and no infinity, smallest normal
// 2^-6, smallest 2^-9; torch's float8_e4m3fn.
using e4m3 = small_float<small_float_shape{.exponent = 4, .mantissa = 3, .infinity = false}>;
// The same source: largest 57344, smallest normal 2^-14, smallest 2^-16; torch's float8_e5m2.
using e5m2 = small_float<small_float_shape{.exponent = 5, .mantissa = 2, .infinity = true}>;
// Half precision without the last four bits of its mantissa: largest 65024, smallest normal 2^-14,
// smallest 2^-20. Twelve bits, here in the lower part of sixteen.
using e5m6 = small_float<small_float_shape{.exponent = 5, .mantissa = 6, .infinity = true}>;
static_assert(sizeof(e4m3) == 1 && sizeof(e5m2) == 1);

// A float goes to one of its two neighbours in a format, each the likelier the closer.
template <class Format> constexpr Format round_stochastically(float value, std::uint32_t random) {
    if constexpr (std::is_same_v<Format, bfloat16>) {
        // Truncates after adding as much as it drops at most: 16 bits of 'random' decide. Infinity
        // and NaN have nothing to carry into. The largest may become infinity, as when nearest.
        const auto x = std::bit_cast<std::uint32_t>(value);
        if ((x & 0x7FFFFFFFU) >= 0x7F800000U) return bfloat16(value);
        return bfloat16::from_bits(std::uint16_t((x + (random >> 16)) >> 16));
    } else {
        return Format::stochastic(value, random);
    }
}

}  // namespace moe
