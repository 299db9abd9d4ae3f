// SPDX-License-Identifier: MIT
// ue8m0: a power of two in a byte, 2^(bits - 127), for scales. No sign, no zero; 255 is NaN.
// "OCP microscaling formats specification" 1.0 (2023); torch's float8_e8m0fnu.
#pragma once

#include <moe/core/config.hpp>

#include <bit>
#include <cstdint>

namespace moe {

struct ue8m0 {
    static constexpr std::uint8_t nan_code = 255, largest_code = 254;

    std::uint8_t bits;

    ue8m0() = default;
    // To the nearest; what lies half way between two powers goes to the larger. Saturates: at most
    // 2^127, at least 2^-127 (zero, too). What is negative or not finite becomes NaN.
    explicit constexpr ue8m0(float value)
        : bits(encoded(std::bit_cast<std::uint32_t>(value), true, 0x400000U)) {}

    // To the nearest; what is too large, and zero, become NaN.
    static constexpr ue8m0 overflowing(float value) {
        return from_bits(encoded(std::bit_cast<std::uint32_t>(value), false, 0x400000U));
    }
    // To the smallest power that is not below. Saturates.
    static constexpr ue8m0 up(float value) {
        return from_bits(encoded(std::bit_cast<std::uint32_t>(value), true, 1U));
    }
    static constexpr ue8m0 from_bits(std::uint8_t bits) {
        ue8m0 u{};
        u.bits = bits;
        return u;
    }

    // 2^-127 is a subnormal float.
    constexpr operator float() const {
        if (bits == nan_code) return std::bit_cast<float>(0x7FC00000U);
        return std::bit_cast<float>(bits == 0 ? 0x400000U : std::uint32_t{bits} << 23);
    }

private:
    // One power more from this mantissa on.
    static constexpr std::uint8_t encoded(std::uint32_t x, bool saturates, std::uint32_t from) {
        if (x == 0 || x == 0x80000000U) return saturates ? 0 : nan_code;
        if (x >= 0x7F800000U) return nan_code;
        std::uint32_t exponent = x >> 23;
        // Subnormals: the powers are 2^-127 = 0x400000, and below it only what rounds up to it.
        if (exponent == 0) return x >= 0x400000U + (from == 1U ? 1U : 0x200000U) ? 1 : 0;
        if ((x & 0x7FFFFFU) >= from) ++exponent;
        if (exponent == 255) return saturates ? largest_code : nan_code;
        return std::uint8_t(exponent);
    }
};
static_assert(sizeof(ue8m0) == 1);

}  // namespace moe
