// SPDX-License-Identifier: MIT
// bfloat16: the upper half of a float. Eight bits of exponent as a float has, eight of significand
// with the hidden one.
#pragma once

#include <moe/core/config.hpp>

#include <bit>
#include <cstdint>
#include <type_traits>

namespace moe {

struct bfloat16 {
    std::uint16_t bits;

    bfloat16() = default;
    // To the nearest, ties to even. Too large becomes infinite, subnormal stays, NaN stays NaN and
    // becomes quiet.
    explicit constexpr bfloat16(float value) : bits(nearest(std::bit_cast<std::uint32_t>(value))) {}
    constexpr operator float() const { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

    static constexpr bfloat16 from_bits(std::uint16_t bits) {
        bfloat16 b{};
        b.bits = bits;
        return b;
    }

private:
    static constexpr std::uint16_t nearest(std::uint32_t x) {
        if ((x & 0x7FFFFFFFU) > 0x7F800000U) return std::uint16_t(x >> 16 | 0x40U);
        return std::uint16_t((x + 0x7FFFU + (x >> 16 & 1U)) >> 16);
    }
};
static_assert(sizeof(bfloat16) == 2);

// Two neighbours along the summed index of a product, as the hardware multiplies them.
struct bfloat16_pair {
    bfloat16 even, odd;
};
static_assert(sizeof(bfloat16_pair) == 4);

// What sums of T's are held in, and what functions of them are computed in.
template <class T> struct wide_type { using type = T; };
template <> struct wide_type<bfloat16> { using type = float; };
template <class T> using wide = typename wide_type<std::remove_const_t<T>>::type;

}  // namespace moe
