// SPDX-License-Identifier: MIT
// Sixteen floats, whatever the machine: one register of AVX-512, two of AVX2, or an array. All
// give the same bits, because every reduction runs over the same sixteen lanes in the same order
// and because fused multiply-adds are written as such.
//
// Loads widen bfloat16 and stores round to it. A vector may also hold sixteen pairs of bfloat16 in
// the places of its floats: load(const bfloat16_pair*), dot, lower and upper speak of those.
#pragma once

#include <moe/device/lanes_avx2.cpu.hpp>
#include <moe/device/lanes_avx512.cpu.hpp>
#include <moe/device/lanes_generic.cpu.hpp>

namespace moe {

// Sixteen rows of sixteen numbers become its columns: four perfect shuffles of the rows' halves.
template <class Isa> MOE_INLINE void transpose(lanes<Isa> (&row)[lane_count]) {
    MOE_UNROLL
    for (int round = 0; round < 4; ++round) {
        lanes<Isa> next[lane_count];
        MOE_UNROLL
        for (int i = 0; i < lane_count / 2; ++i) {
            next[2 * i] = interleave_low(row[i], row[i + lane_count / 2]);
            next[2 * i + 1] = interleave_high(row[i], row[i + lane_count / 2]);
        }
        MOE_UNROLL
        for (int i = 0; i < lane_count; ++i) row[i] = next[i];
    }
}

// e^x in every lane: the same bits as moe::exponential(float).
template <class Isa> MOE_INLINE lanes<Isa> exponential(lanes<Isa> x) {
    using c = detail::exp_constants;
    using vector = lanes<Isa>;
    const auto s = [](float value) { return vector::splat(value); };
    const vector clamped = min(s(c::highest), x);  // this order keeps NaN
    const vector shifted = fma(clamped, s(c::log2e), s(c::magic));
    const vector n = shifted - s(c::magic);
    vector r = fma(n, s(-c::ln2_high), clamped);
    r = fma(n, s(-c::ln2_low), r);
    vector p = fma(s(c::p6), r, s(c::p5));
    p = fma(p, r, s(c::p4));
    p = fma(p, r, s(c::p3));
    p = fma(p, r, s(c::p2));
    p = fma(p, r, s(c::p1));
    p = fma(p, r * r, r) + s(1.0F);
    return where_less(x, s(c::lowest), s(0.0F), times_power(p, shifted));
}

template <class Isa> MOE_INLINE lanes<Isa> sigmoid(lanes<Isa> x) {
    const auto one = lanes<Isa>::splat(1.0F);
    return one / (one + exponential(lanes<Isa>::splat(0.0F) - x));
}

}  // namespace moe
