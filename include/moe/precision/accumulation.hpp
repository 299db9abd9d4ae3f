// SPDX-License-Identifier: MIT
// How the sum of a product of small numbers is held while it grows, as a policy: exactly as FP32
// does, or as tensor cores do, whose width differs. With it a CPU shows what a GPU's arithmetic
// costs, and what moving partial sums to FP32 registers ("promotion") buys. Specifications: slow.
#pragma once

#include <moe/precision/small_float.hpp>

#include <bit>
#include <cmath>
#include <cstdint>

namespace moe {

// One product after the other, in FP32. Products of 8-bit formats are exact, so an fma is a sum.
struct fp32_accumulation {
    template <class Format>
    static constexpr float add(float sum, const Format* a, const Format* b, int count) {
        for (int k = 0; k < count; ++k) sum += float(a[k]) * float(b[k]);
        return sum;
    }
};

// What an instruction adds at once, 'step' products and the sum so far, is aligned to the largest
// exponent (of a product: the sum of its operands'), cut off 'fraction' bits behind the point,
// added exactly and cut to 'mantissa' bits. As in the bit models of Microsoft's MMA-Sim.
struct aligned_accumulation {
    int fraction, mantissa, step;

    template <class Format>
    constexpr float add(float sum, const Format* a, const Format* b, int count) const {
        for (int first = 0; first < count; first += step)
            sum = one(sum, a + first, b + first, first + step < count ? step : count - first);
        return sum;
    }

private:
    // significand * 2^exponent, the point behind the significand's first 'behind' bits
    struct term {
        std::int64_t significand;
        int exponent, behind;

        // toward zero
        constexpr std::int64_t aligned(int to, int fraction) const {
            const int left = exponent - behind - to + fraction;
            const std::int64_t size = significand < 0 ? -significand : significand;
            const std::int64_t moved = left >= 0 ? size << left : left < -62 ? 0 : size >> -left;
            return significand < 0 ? -moved : moved;
        }
    };
    template <class Format> static constexpr term product(Format a, Format b) {
        const term x = split(a), y = split(b);
        return {x.significand * y.significand, x.exponent + y.exponent, 2 * Format::mantissa};
    }
    template <class Format> static constexpr term split(Format f) {
        const int magnitude = int(f.bits & (Format::sign_bit - 1));
        const int field = magnitude >> Format::mantissa, own = field > 0 ? field : 1;
        const int hidden = field > 0 ? 1 << Format::mantissa : 0;
        const int significand = (magnitude & ((1 << Format::mantissa) - 1)) | hidden;
        return {f.bits & Format::sign_bit ? -significand : significand, own - Format::bias,
                Format::mantissa};
    }
    static constexpr term split(float f) {
        const auto bits = std::bit_cast<std::uint32_t>(f);
        const int field = int(bits >> 23 & 255), own = field > 0 ? field : 1;
        const std::int64_t significand = (bits & 0x7FFFFF) | (field > 0 ? 0x800000 : 0);
        return {bits >> 31 ? -significand : significand, own - 127, 23};
    }
    template <class Format>
    constexpr float one(float sum, const Format* a, const Format* b, int count) const {
        const auto finite = [](float x) {
            return (std::bit_cast<std::uint32_t>(x) & 0x7F800000U) != 0x7F800000U;
        };
        const term before = split(sum);
        bool numbers = finite(sum), zero = before.significand == 0;
        int highest = zero ? -1000 : before.exponent;
        for (int k = 0; k < count; ++k) {
            numbers = numbers && finite(float(a[k])) && finite(float(b[k]));
            const term p = product(a[k], b[k]);
            if (p.significand != 0 && p.exponent > highest) highest = p.exponent;
        }
        if (!numbers) return fp32_accumulation::add(sum, a, b, count);
        if (highest == -1000) return sum;
        std::int64_t total = before.aligned(highest, fraction);
        for (int k = 0; k < count; ++k) total += product(a[k], b[k]).aligned(highest, fraction);
        return cut_off(total, highest - fraction);
    }
    // total * 2^exponent with at most 'mantissa' bits behind the first, toward zero
    constexpr float cut_off(std::int64_t total, int exponent) const {
        auto size = std::uint64_t(total < 0 ? -total : total);
        const int excess = std::bit_width(size) - 1 - mantissa;
        if (excess > 0) {
            size >>= excess;
            exponent += excess;
        }
        // At most 24 bits: exact. 2^exponent in two factors, for results that are subnormal.
        const int half = exponent / 2;
        const auto power = [](int e) { return std::bit_cast<float>(std::uint32_t(e + 127) << 23); };
        const float value = float(size) * power(half) * power(exponent - half);
        return total < 0 ? -value : value;
    }
};

// Hopper's FP8 instructions, "about 14 bits" (DeepSeek-V3, 3.3.2), and Blackwell's.
inline constexpr aligned_accumulation hopper_fp8{.fraction = 13, .mantissa = 13, .step = 32};
inline constexpr aligned_accumulation blackwell_fp8{.fraction = 25, .mantissa = 23, .step = 32};

// sum over k of scale(k) a[k] b[k]. A partial sum is kept as 'inner' does for 'every' products,
// then scaled and added in FP32; scale(first) holds for the products from 'first' on.
template <class Inner, class Format, class Scale>
float promoted_dot(const Inner& inner, int every, const Format* a, const Format* b, int count,
                   const Scale& scale) {
    float sum = 0;
    for (int first = 0; first < count; first += every) {
        const int part = first + every < count ? every : count - first;
        sum = std::fma(inner.add(0.0F, a + first, b + first, part), scale(first), sum);
    }
    return sum;
}

}  // namespace moe
