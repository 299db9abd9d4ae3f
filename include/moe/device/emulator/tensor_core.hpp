// SPDX-License-Identifier: MIT
// The arithmetic of tensor cores, bit by bit, and which lane holds which element.
//
// A fused dot product: every product is exact; all of them and the accumulator are aligned to the
// largest exponent, cut (toward zero) behind a number of fraction bits, and added exactly; the sum
// is rounded once, toward zero to FP32, to nearest even to FP16. Ampere's m16n8k16 does this twice,
// for eight products each, with 24 fraction bits. After Li and others, "MMA-Sim: bit-accurate
// reference model of tensor cores and matrix cores", arXiv 2511.10909.
#pragma once

#include <moe/core/math.hpp>
#include <moe/device/kernel.hpp>

#include <bit>
#include <cstdint>

namespace moe::emulator {

// A number format of up to 32 bits with a sign, an exponent and a fraction.
template <int ExponentBits, int FractionBits> struct binary_format {
    static constexpr int fraction = FractionBits;
    static constexpr int bias = (1 << (ExponentBits - 1)) - 1, lowest = 1 - bias;
    static constexpr std::uint32_t exponent_mask = (1U << ExponentBits) - 1;
    static constexpr std::uint32_t fraction_mask = (1U << FractionBits) - 1;

    // value = significand x 2^(exponent - fraction); a zero has the exponent -126 (MMA-Sim)
    std::int64_t significand;
    int exponent;
    bool is_finite, is_nan;

    constexpr explicit binary_format(std::uint32_t bits) {
        const std::uint32_t e = bits >> FractionBits & exponent_mask, f = bits & fraction_mask;
        is_finite = e != exponent_mask;
        is_nan = !is_finite && f != 0;
        significand = std::int64_t(f | (e != 0 ? 1U << FractionBits : 0U));
        exponent = significand == 0 ? -126 : (e == 0 ? 1 : int(e)) - bias;
        if (bits >> (ExponentBits + FractionBits) & 1U) significand = -significand;
    }
};
namespace format {
using bf16 = binary_format<8, 7>;
using fp16 = binary_format<5, 10>;
using fp32 = binary_format<8, 23>;
}  // namespace format

// Toward zero when bits fall off.
constexpr std::int64_t shifted(std::int64_t value, int left) {
    const std::int64_t size = value < 0 ? -value : value;
    const std::int64_t moved = left >= 0 ? size << left : left > -63 ? size >> -left : 0;
    return value < 0 ? -moved : moved;
}

// sum x 2^exponent as FP32, toward zero; as FP16, to the nearest, ties to even.
constexpr std::uint32_t to_fp32(std::int64_t sum, int exponent) {
    if (sum == 0) return 0;
    const std::uint32_t sign = sum < 0 ? 0x80000000U : 0U;
    const std::int64_t size = sum < 0 ? -sum : sum;
    int e = int(std::bit_width(std::uint64_t(size))) - 1 + exponent;
    if (e > 127) return sign | 0x7F800000U;
    if (e < -126) e = -126;
    const std::int64_t significand = shifted(size, exponent - (e - 23));
    const std::uint32_t biased = significand >> 23 ? std::uint32_t(e + 127) : 0U;
    return sign | biased << 23 | (std::uint32_t(significand) & 0x7FFFFFU);
}
constexpr std::uint32_t to_fp16(std::int64_t sum, int exponent) {
    if (sum == 0) return 0;
    const std::uint32_t sign = sum < 0 ? 0x8000U : 0U;
    const std::int64_t size = sum < 0 ? -sum : sum;
    int e = int(std::bit_width(std::uint64_t(size))) - 1 + exponent;
    if (e < -14) e = -14;
    const int right = (e - 10) - exponent;  // bits that fall off
    std::int64_t significand = shifted(size, -right);
    if (right > 0 && right < 63) {
        const std::int64_t rest = size & ((std::int64_t{1} << right) - 1);
        const std::int64_t half = std::int64_t{1} << (right - 1);
        if (rest > half || (rest == half && (significand & 1))) ++significand;
    }
    if (significand >> 11) significand >>= 1, ++e;
    if (e > 15) return sign | 0x7C00U;
    const std::uint32_t biased = significand >> 10 ? std::uint32_t(e + 15) : 0U;
    return sign | biased << 10 | (std::uint32_t(significand) & 0x3FFU);
}

// One fused dot product of 'count' pairs with an accumulator of format C, which is also the
// result's. Elements are bits of their formats.
template <class Input, class C, int Fraction, class Element>
constexpr std::uint32_t fused_dot(const Element* a, const Element* b, int count, std::uint32_t c) {
    constexpr int of_product = 2 * Input::fraction;
    const C start(c);
    bool up = !start.is_finite && start.significand > 0, nan = start.is_nan;
    bool down = !start.is_finite && start.significand < 0;
    int top = start.exponent;
    std::int64_t products[32]{};
    int exponents[32]{};
    for (int k = 0; k < count; ++k) {
        const Input x(a[k]), y(b[k]);
        products[k] = x.significand * y.significand;
        exponents[k] = x.exponent + y.exponent;
        if (!x.is_finite || !y.is_finite) {
            nan |= x.is_nan || y.is_nan || products[k] == 0;
            up |= products[k] > 0;
            down |= products[k] < 0;
        }
        top = larger(top, exponents[k]);
    }
    constexpr bool narrow = C::fraction == 10;
    if (nan || (up && down)) return narrow ? 0x7FFFU : 0x7FFFFFFFU;
    if (up || down)
        return (down ? (narrow ? 0x8000U : 0x80000000U) : 0U) | (narrow ? 0x7C00U : 0x7F800000U);
    std::int64_t sum = shifted(start.significand, Fraction - C::fraction + start.exponent - top);
    for (int k = 0; k < count; ++k)
        sum += shifted(products[k], Fraction - of_product + exponents[k] - top);
    return narrow ? to_fp16(sum, top - Fraction) : to_fp32(sum, top - Fraction);
}

// m16n8k16 on one generation of tensor cores.
template <class Arch> struct tensor_core;
template <> struct tensor_core<sm80> {
    static constexpr int fraction = 24, step = 8;

    template <class Input, class C>
    static constexpr std::uint32_t dot16(const std::uint16_t* a, const std::uint16_t* b,
                                         std::uint32_t c) {
        for (int k = 0; k < 16; k += step) c = fused_dot<Input, C, fraction>(a + k, b + k, step, c);
        return c;
    }
};

// The fragments of m16n8k16, two 16-bit elements a register. Lane = 4 x group + quad:
//   a (16 x 16): register r: row group + 8 (r % 2), columns 2 quad + 8 (r / 2) and the next
//   b (16 x 8):  register r: rows 2 quad + 8 r and the next, column group
//   c (16 x 8):  element i: row group + 8 (i / 2), column 2 quad + i % 2
struct fragments {
    std::uint16_t a[16][16];  // row by row
    std::uint16_t b[8][16];   // column by column
    std::uint32_t c[16][8];

    constexpr void put_a(int lane, const std::uint32_t (&from)[4]) {
        for (int r = 0; r < 4; ++r) {
            std::uint16_t* const at = &a[lane / 4 + 8 * (r % 2)][2 * (lane % 4) + 8 * (r / 2)];
            at[0] = std::uint16_t(from[r]), at[1] = std::uint16_t(from[r] >> 16);
        }
    }
    constexpr void put_b(int lane, const std::uint32_t (&from)[2]) {
        for (int r = 0; r < 2; ++r) {
            std::uint16_t* const at = &b[lane / 4][2 * (lane % 4) + 8 * r];
            at[0] = std::uint16_t(from[r]), at[1] = std::uint16_t(from[r] >> 16);
        }
    }
    constexpr std::uint32_t& c_of(int lane, int i) {
        return c[lane / 4 + 8 * (i / 2)][2 * (lane % 4) + i % 2];
    }
    template <class Arch, class Input, class C> constexpr void multiply() {
        for (int i = 0; i < 16; ++i)
            for (int j = 0; j < 8; ++j)
                c[i][j] = tensor_core<Arch>::template dot16<Input, C>(a[i], b[j], c[i][j]);
    }
};

}  // namespace moe::emulator
