// SPDX-License-Identifier: MIT
// Small arithmetic that every room uses.
#pragma once

#include <moe/core/config.hpp>

#include <bit>
#include <cmath>
#include <cstdint>

namespace moe {

template <class Integer> constexpr Integer ceil_divide(Integer value, Integer by) {
    return (value + by - 1) / by;
}
template <class Integer> constexpr Integer round_up(Integer value, Integer to) {
    return ceil_divide(value, to) * to;
}

template <class Number> constexpr Number smaller(Number a, Number b) { return b < a ? b : a; }
template <class Number> constexpr Number larger(Number a, Number b) { return a < b ? b : a; }

// The part 'index' of 'parts' contiguous parts of [0, count): sizes differ by at most one.
struct interval {
    std::int64_t first, last;
    constexpr std::int64_t count() const { return last - first; }
};
constexpr interval part_of(std::int64_t count, std::int64_t parts, std::int64_t index) {
    return {count * index / parts, count * (index + 1) / parts};
}

namespace detail {
// 2^(n/ln 2) by range reduction and a polynomial of degree 6. The constants are shared with the
// vector form in device/lanes.hpp: both give the same bits.
struct exp_constants {
    static constexpr float lowest = -87.0F, highest = 88.0F;
    static constexpr float log2e = 1.44269504F;
    static constexpr float ln2_high = 0.693359375F, ln2_low = -2.12194440e-4F;
    static constexpr float magic = 12582912.0F;  // 1.5 x 2^23: adding it rounds to an integer
    static constexpr float p6 = 1.9875691500e-4F, p5 = 1.3981999507e-3F, p4 = 8.3334519073e-3F,
                           p3 = 4.1665795894e-2F, p2 = 1.6666665459e-1F, p1 = 5.0000001201e-1F;
};
}  // namespace detail

// e^x. In float: at most 2 units in the last place off between -87 and 88, 0 below, the largest
// finite results above; NaN stays NaN. The same bits as the vector form, and on every machine.
inline float exponential(float x) {
    using c = detail::exp_constants;
    if (x != x) return x;
    if (x < c::lowest) return 0.0F;
    if (x > c::highest) x = c::highest;
    const float shifted = std::fma(x, c::log2e, c::magic);
    const float n = shifted - c::magic;
    float r = std::fma(n, -c::ln2_high, x);
    r = std::fma(n, -c::ln2_low, r);
    float p = std::fma(c::p6, r, c::p5);
    p = std::fma(p, r, c::p4);
    p = std::fma(p, r, c::p3);
    p = std::fma(p, r, c::p2);
    p = std::fma(p, r, c::p1);
    p = std::fma(p, r * r, r) + 1.0F;
    const auto power = std::bit_cast<std::uint32_t>(shifted) << 23;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(p) + power);
}
inline double exponential(double x) { return std::exp(x); }

// ln x of a normal x > 0, at most 2 units in the last place off; NaN stays NaN. The same bits on
// every machine, and a loop over it is one that compilers turn into vectors:
//     ln (m 2^e) = e ln 2 + 2 artanh((m - 1) / (m + 1)), m from the root of 1/2 to the root of 2.
inline float logarithm(float x) {
    constexpr std::uint32_t root = 0x3F3504F3;
    const std::uint32_t above = std::bit_cast<std::uint32_t>(x) - root;
    const float m = std::bit_cast<float>((above & 0x7FFFFF) + root) + (x - x);
    const float s = (m - 1.0F) / (m + 1.0F), z = s * s;
    const float p = std::fma(std::fma(2.987119853e-1F, z, 3.997756541e-1F), z, 6.666677594e-1F);
    const float e = float(std::int32_t(above) >> 23);
    return std::fma(e, 0.693147181F, std::fma(s * z, p, 2.0F * s));
}

template <class T> T sigmoid(T x) { return T(1) / (T(1) + exponential(-x)); }

}  // namespace moe
