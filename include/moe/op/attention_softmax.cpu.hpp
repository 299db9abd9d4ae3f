// SPDX-License-Identifier: MIT
// The softmax of attention on the CPU. Scores come in units of ln 2, that is log2(e) too large, so
// that a power of two stands where the specification has e^x: its range reduction is exact and
// costs one subtraction. Scores are never above what is subtracted from them, or hardly.
#pragma once

#include <moe/op/attention_tile.cpu.hpp>

namespace moe::op::detail {

inline constexpr float log2_of_e = 1.44269504F, log_of_2 = 0.693147181F;

// 2^x for x below 128, at most 2 units in the last place off down to -126, 0 from -127 on; NaN
// stays NaN. The polynomial of degree 5 with the smallest relative error (9e-8) that gives 1 at 0.
template <class Isa> MOE_INLINE lanes<Isa> power_of_two(lanes<Isa> x) {
    using vector = lanes<Isa>;
    const auto s = [](float value) { return vector::splat(value); };
    // 2^-127 is a one whose exponent has become 0, which is 0 to the last bit
    const vector seen = max(s(-127.0F), x);  // this order keeps NaN
    const vector shifted = seen + s(moe::detail::exp_constants::magic);
    const vector r = seen - (shifted - s(moe::detail::exp_constants::magic));
    vector p = fma(s(1.326472964e-3F), r, s(9.671516716e-3F));
    p = fma(p, r, s(5.550733954e-2F));
    p = fma(p, r, s(2.402224243e-1F));
    p = fma(p, r, s(6.931470037e-1F));
    return times_power(fma(p, r, s(1.0F)), shifted);
}

// Running softmax of a tile of queries: s becomes 2^(s - maximum), and 'factor' is what sums over
// earlier keys have to be multiplied with.
template <class Isa> struct running_softmax {
    using vector = lanes<Isa>;
    alignas(64) float maximum[tile_queries], sum[tile_queries], factor[tile_queries];

    running_softmax() {
        for (int i = 0; i < tile_queries; ++i) {
            maximum[i] = -INFINITY;
            sum[i] = 0;
        }
    }

    void add(float* s, tile_pair pair) {
        for (int i = 0; i < pair.vectors() * lane_count; i += lane_count) {
            const int some = pair.keys_of_some(i, lane_count), all = pair.keys_of_all(i);
            const vector before = vector::load(maximum + i);
            vector highest[4] = {before, before, before, before};  // exact, so any order is right
            int j = 0;
            for (; j + 4 <= all; j += 4) {
                MOE_UNROLL
                for (int u = 0; u < 4; ++u)
                    highest[u] = max(vector::load(s + (j + u) * tile_queries + i), highest[u]);
            }
            for (; j < some; ++j) {
                float* const at = s + j * tile_queries + i;
                const vector score = masked(vector::load(at), j, i, pair.diagonal);
                score.store(at);
                highest[0] = max(score, highest[0]);
            }
            const vector now = max(max(highest[0], highest[1]), max(highest[2], highest[3]));
            const vector shrink = power_of_two(before - now);
            vector total = vector::splat(0);
            for (int k = 0; k < some; ++k) {
                float* const at = s + k * tile_queries + i;
                const vector p = power_of_two(vector::load(at) - now);
                p.store(at);
                total = total + p;
            }
            now.store(maximum + i);
            shrink.store(factor + i);
            fma(vector::load(sum + i), shrink, total).store(sum + i);
        }
    }
    // sum becomes the logarithm of the sum over e^score.
    void log_of_sums() {
        for (int i = 0; i < tile_queries; ++i)
            sum[i] = std::fma(maximum[i], log_of_2, logarithm(sum[i]));
    }
};

// s becomes p = 2^(s - lse), dp becomes ds = p (dp - mean). dp and mean come scaled.
template <class Isa>
void softmax_backward(float* s, float* dp, tile_pair pair, const float* lse, const float* mean) {
    using vector = lanes<Isa>;
    for (int i = 0; i < pair.vectors() * lane_count; i += lane_count) {
        const vector shift = vector::load(lse + i), centre = vector::load(mean + i);
        const int some = pair.keys_of_some(i, lane_count), all = pair.keys_of_all(i);
        const auto key = [&](int at, vector score) {
            const vector p = power_of_two(score - shift);
            p.store(s + at);
            (p * (vector::load(dp + at) - centre)).store(dp + at);
        };
        int j = 0;
        for (int at = i; j < all; ++j, at += tile_queries) key(at, vector::load(s + at));
        for (int at = j * tile_queries + i; j < some; ++j, at += tile_queries)
            key(at, masked(vector::load(s + at), j, i, pair.diagonal));
    }
}

}  // namespace moe::op::detail
