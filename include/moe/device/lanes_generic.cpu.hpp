// SPDX-License-Identifier: MIT
// lanes on any machine: arrays. What the other instruction sets do is specified here.
#pragma once

#include <moe/core/bfloat16.hpp>
#include <moe/core/math.hpp>
#include <moe/device/isa.hpp>

#include <cstdint>
#include <cstring>

namespace moe {

template <> struct lanes<isa::generic> {
    float v[lane_count];

    static MOE_INLINE lanes load(const float* p) {
        lanes r;
        std::memcpy(r.v, p, sizeof r.v);
        return r;
    }
    static MOE_INLINE lanes load(const bfloat16* p) {
        lanes r;
        for (int i = 0; i < lane_count; ++i) r.v[i] = p[i];
        return r;
    }
    static MOE_INLINE lanes load(const bfloat16_pair* p) {
        lanes r;
        std::memcpy(r.v, p, sizeof r.v);
        return r;
    }
    static MOE_INLINE lanes splat(bfloat16_pair x) { return splat(std::bit_cast<float>(x)); }
    static MOE_INLINE lanes splat(float x) {
        lanes r;
        for (float& lane : r.v) lane = x;
        return r;
    }
    // The first n lanes from memory, zero in the others; memory behind them is not touched.
    static MOE_INLINE lanes load_first(const float* p, int n) {
        lanes r = splat(0.0F);
        for (int i = 0; i < n; ++i) r.v[i] = p[i];
        return r;
    }
    static MOE_INLINE lanes load_first(const bfloat16* p, int n) {
        lanes r = splat(0.0F);
        for (int i = 0; i < lane_count && i < n; ++i) r.v[i] = p[i];
        return r;
    }
    static MOE_INLINE lanes load_first(const bfloat16_pair* p, int n) {
        lanes r = splat(0.0F);
        if (n > 0) std::memcpy(r.v, p, std::size_t(n < lane_count ? n : lane_count) * sizeof *p);
        return r;
    }
    // Two vectors side by side.
    static MOE_INLINE void store_two(bfloat16* p, lanes low, lanes high) {
        low.store(p);
        high.store(p + lane_count);
    }
    // In a register from here on: what is used several times is not loaded again each time.
    MOE_INLINE void stay() {}
    MOE_INLINE void store(float* p) const { std::memcpy(p, v, sizeof v); }
    // Past the caches, to a whole line of them that nobody reads soon: spares fetching the line.
    // Before another thread may read it the writer finishes its streams.
    MOE_INLINE void stream(float* p) const { store(p); }
    static MOE_INLINE void finish_streams() {}
    MOE_INLINE void store_first(float* p, int n) const {
        for (int i = 0; i < n; ++i) p[i] = v[i];
    }

    MOE_INLINE void store(bfloat16* p) const { store_first(p, lane_count); }
    MOE_INLINE void store_first(bfloat16* p, int n) const {
        for (int i = 0; i < lane_count && i < n; ++i) p[i] = bfloat16(v[i]);
    }
    MOE_INLINE void store(bfloat16_pair* p) const { std::memcpy(p, v, sizeof v); }
    MOE_INLINE void store_first(bfloat16_pair* p, int n) const {
        if (n > 0) std::memcpy(p, v, std::size_t(n < lane_count ? n : lane_count) * sizeof *p);
    }

    // Of pairs: the even or the odd member as a float; both rows' members joined to pairs.
    friend MOE_INLINE lanes lower(lanes a) {
        for (float& lane : a.v) lane = std::bit_cast<bfloat16_pair>(lane).even;
        return a;
    }
    friend MOE_INLINE lanes upper(lanes a) {
        for (float& lane : a.v) lane = std::bit_cast<bfloat16_pair>(lane).odd;
        return a;
    }
    // even and odd hold floats that are bfloat16 numbers
    friend MOE_INLINE lanes paired(lanes even, lanes odd) {
        for (int i = 0; i < lane_count; ++i)
            even.v[i] =
                std::bit_cast<float>(bfloat16_pair{bfloat16(even.v[i]), bfloat16(odd.v[i])});
        return even;
    }
    // Pairs times pairs onto floats: the odd product first, each rounded once. That is what the
    // instruction for it does (with subnormal numbers taken as zero, see device/subnormals.hpp).
    friend MOE_INLINE lanes dot(lanes a, lanes b, lanes c) {
        return fma(lower(a), lower(b), fma(upper(a), upper(b), c));
    }

    friend MOE_INLINE lanes operator+(lanes a, lanes b) {
        for (int i = 0; i < lane_count; ++i) a.v[i] += b.v[i];
        return a;
    }
    friend MOE_INLINE lanes operator-(lanes a, lanes b) {
        for (int i = 0; i < lane_count; ++i) a.v[i] -= b.v[i];
        return a;
    }
    friend MOE_INLINE lanes operator*(lanes a, lanes b) {
        for (int i = 0; i < lane_count; ++i) a.v[i] *= b.v[i];
        return a;
    }
    friend MOE_INLINE lanes operator/(lanes a, lanes b) {
        for (int i = 0; i < lane_count; ++i) a.v[i] /= b.v[i];
        return a;
    }
    // a * b + c, rounded once
    friend MOE_INLINE lanes fma(lanes a, lanes b, lanes c) {
        for (int i = 0; i < lane_count; ++i) c.v[i] = std::fma(a.v[i], b.v[i], c.v[i]);
        return c;
    }
    // b where a is NaN or smaller, as the hardware's instruction: NaN in a is dropped, in b kept
    friend MOE_INLINE lanes max(lanes a, lanes b) {
        for (int i = 0; i < lane_count; ++i) b.v[i] = a.v[i] > b.v[i] ? a.v[i] : b.v[i];
        return b;
    }
    friend MOE_INLINE lanes min(lanes a, lanes b) {
        for (int i = 0; i < lane_count; ++i) b.v[i] = a.v[i] < b.v[i] ? a.v[i] : b.v[i];
        return b;
    }
    friend MOE_INLINE lanes sqrt(lanes a) {
        for (float& lane : a.v) lane = std::sqrt(lane);
        return a;
    }
    // where a < b: yes, else no (NaN: no)
    friend MOE_INLINE lanes where_less(lanes a, lanes b, lanes yes, lanes no) {
        for (int i = 0; i < lane_count; ++i) no.v[i] = a.v[i] < b.v[i] ? yes.v[i] : no.v[i];
        return no;
    }
    // Lanes 2i and 2i + 1 as a pair: swapped; the even one twice; the odd one twice
    friend MOE_INLINE lanes swap_pairs(lanes a) {
        lanes r;
        for (int i = 0; i < lane_count; ++i) r.v[i] = a.v[i ^ 1];
        return r;
    }
    friend MOE_INLINE lanes even_twice(lanes a) {
        for (int i = 0; i < lane_count; i += 2) a.v[i + 1] = a.v[i];
        return a;
    }
    friend MOE_INLINE lanes odd_twice(lanes a) {
        for (int i = 0; i < lane_count; i += 2) a.v[i] = a.v[i + 1];
        return a;
    }
    // a0 b0 a1 b1 ... a7 b7; the same of the upper eight lanes
    friend MOE_INLINE lanes interleave_low(lanes a, lanes b) {
        lanes r;
        for (int i = 0; i < lane_count; ++i) r.v[i] = (i % 2 ? b : a).v[i / 2];
        return r;
    }
    friend MOE_INLINE lanes interleave_high(lanes a, lanes b) {
        lanes r;
        for (int i = 0; i < lane_count; ++i) r.v[i] = (i % 2 ? b : a).v[lane_count / 2 + i / 2];
        return r;
    }
    // p * 2^n, n being the integer that adding the magic constant rounded into 'shifted'
    friend MOE_INLINE lanes times_power(lanes p, lanes shifted) {
        for (int i = 0; i < lane_count; ++i)
            p.v[i] = std::bit_cast<float>(std::bit_cast<std::uint32_t>(p.v[i]) +
                                          (std::bit_cast<std::uint32_t>(shifted.v[i]) << 23));
        return p;
    }
    // Lane i with lane i + 8, then + 4, + 2, + 1: the order every instruction set follows.
    friend MOE_INLINE float sum(lanes a) {
        for (int half = lane_count / 2; half > 0; half /= 2)
            for (int i = 0; i < half; ++i) a.v[i] += a.v[i + half];
        return a.v[0];
    }
    friend MOE_INLINE float largest(lanes a) {
        for (int half = lane_count / 2; half > 0; half /= 2)
            for (int i = 0; i < half; ++i) a.v[i] = a.v[i] > a.v[i + half] ? a.v[i] : a.v[i + half];
        return a.v[0];
    }
};

}  // namespace moe
