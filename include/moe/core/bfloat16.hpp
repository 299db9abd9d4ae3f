// SPDX-License-Identifier: MIT
// bfloat16: the upper half of a float. Eight bits of exponent as a float has, eight of significand
// with the hidden one.
#pragma once

#include <moe/core/config.hpp>

#include <bit>
#include <cstdint>

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

}  // namespace moe
