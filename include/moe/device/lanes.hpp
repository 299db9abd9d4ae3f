// SPDX-License-Identifier: MIT
// Sixteen floats, whatever the machine: one register of AVX-512, two of AVX2, or an array. All
// three give the same bits, because every reduction runs over the same sixteen lanes in the same
// order and because fused multiply-adds are written as such.
#pragma once

#include <moe/core/math.hpp>
#include <moe/device/isa.hpp>

#include <cstdint>
#include <cstring>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace moe {

template <class Isa> struct lanes;

inline constexpr int lane_count = 16;

// The specification: plain arrays.
template <> struct lanes<isa::generic> {
    float v[lane_count];

    static MOE_INLINE lanes load(const float* p) {
        lanes r;
        std::memcpy(r.v, p, sizeof r.v);
        return r;
    }
    static MOE_INLINE lanes splat(float x) {
        lanes r;
        for (float& lane : r.v) lane = x;
        return r;
    }
    // The first n lanes from memory, zero in the others; memory behind them is not touched.
    static MOE_INLINE lanes load_first(const float* p, int n) {
        lanes r = splat(0);
        for (int i = 0; i < n; ++i) r.v[i] = p[i];
        return r;
    }
    // In a register from here on: what is used several times is not loaded again each time.
    MOE_INLINE void stay() {}
    MOE_INLINE void store(float* p) const { std::memcpy(p, v, sizeof v); }
    MOE_INLINE void store_first(float* p, int n) const {
        for (int i = 0; i < n; ++i) p[i] = v[i];
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

#if defined(__AVX2__) && defined(__FMA__)
namespace detail {
// The last halvings of a reduction, shared by both wider sets: eight lanes to one.
MOE_INLINE float sum_of_eight(__m256 a) {
    __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}
MOE_INLINE float largest_of_eight(__m256 a) {
    __m128 b = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_max_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_max_ss(b, _mm_movehdup_ps(b)));
}
}  // namespace detail

template <> struct lanes<isa::avx2_fma> {
    __m256 low, high;

    static MOE_INLINE __m256i first_mask(int n) {
        return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    }
    static MOE_INLINE lanes load(const float* p) {
        return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
    }
    static MOE_INLINE lanes splat(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
    static MOE_INLINE lanes load_first(const float* p, int n) {
        return {_mm256_maskload_ps(p, first_mask(n)), _mm256_maskload_ps(p + 8, first_mask(n - 8))};
    }
    MOE_INLINE void stay() { asm("" : "+x"(low), "+x"(high)); }
    MOE_INLINE void store(float* p) const {
        _mm256_storeu_ps(p, low);
        _mm256_storeu_ps(p + 8, high);
    }
    MOE_INLINE void store_first(float* p, int n) const {
        _mm256_maskstore_ps(p, first_mask(n), low);
        _mm256_maskstore_ps(p + 8, first_mask(n - 8), high);
    }
    friend MOE_INLINE lanes operator+(lanes a, lanes b) {
        return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
    }
    friend MOE_INLINE lanes operator-(lanes a, lanes b) {
        return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
    }
    friend MOE_INLINE lanes operator*(lanes a, lanes b) {
        return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
    }
    friend MOE_INLINE lanes operator/(lanes a, lanes b) {
        return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)};
    }
    friend MOE_INLINE lanes fma(lanes a, lanes b, lanes c) {
        return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
    }
    friend MOE_INLINE lanes max(lanes a, lanes b) {
        return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)};
    }
    friend MOE_INLINE lanes min(lanes a, lanes b) {
        return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)};
    }
    friend MOE_INLINE lanes sqrt(lanes a) {
        return {_mm256_sqrt_ps(a.low), _mm256_sqrt_ps(a.high)};
    }
    friend MOE_INLINE lanes where_less(lanes a, lanes b, lanes yes, lanes no) {
        return {_mm256_blendv_ps(no.low, yes.low, _mm256_cmp_ps(a.low, b.low, _CMP_LT_OQ)),
                _mm256_blendv_ps(no.high, yes.high, _mm256_cmp_ps(a.high, b.high, _CMP_LT_OQ))};
    }
    friend MOE_INLINE lanes swap_pairs(lanes a) {
        return {_mm256_permute_ps(a.low, 0xB1), _mm256_permute_ps(a.high, 0xB1)};
    }
    friend MOE_INLINE lanes even_twice(lanes a) {
        return {_mm256_moveldup_ps(a.low), _mm256_moveldup_ps(a.high)};
    }
    friend MOE_INLINE lanes odd_twice(lanes a) {
        return {_mm256_movehdup_ps(a.low), _mm256_movehdup_ps(a.high)};
    }
    static MOE_INLINE lanes interleave(__m256 a, __m256 b) {
        const __m256 low = _mm256_unpacklo_ps(a, b), high = _mm256_unpackhi_ps(a, b);
        return {_mm256_permute2f128_ps(low, high, 0x20), _mm256_permute2f128_ps(low, high, 0x31)};
    }
    friend MOE_INLINE lanes interleave_low(lanes a, lanes b) { return interleave(a.low, b.low); }
    friend MOE_INLINE lanes interleave_high(lanes a, lanes b) { return interleave(a.high, b.high); }
    friend MOE_INLINE lanes times_power(lanes p, lanes shifted) {
        const auto one = [](__m256 x, __m256 n) {
            return _mm256_castsi256_ps(_mm256_add_epi32(
                _mm256_castps_si256(x), _mm256_slli_epi32(_mm256_castps_si256(n), 23)));
        };
        return {one(p.low, shifted.low), one(p.high, shifted.high)};
    }
    friend MOE_INLINE float sum(lanes a) {
        return detail::sum_of_eight(_mm256_add_ps(a.low, a.high));
    }
    friend MOE_INLINE float largest(lanes a) {
        return detail::largest_of_eight(_mm256_max_ps(a.low, a.high));
    }
};
#endif

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX2__) && defined(__FMA__)
template <> struct lanes<isa::avx512_bf16> {
    __m512 v;

    static MOE_INLINE __mmask16 first_mask(int n) {
        return __mmask16(n >= 16 ? 0xFFFFU : (1U << n) - 1U);
    }
    static MOE_INLINE lanes load(const float* p) { return {_mm512_loadu_ps(p)}; }
    static MOE_INLINE lanes splat(float x) { return {_mm512_set1_ps(x)}; }
    static MOE_INLINE lanes load_first(const float* p, int n) {
        return {_mm512_maskz_loadu_ps(first_mask(n), p)};
    }
    MOE_INLINE void stay() { asm("" : "+v"(v)); }
    MOE_INLINE void store(float* p) const { _mm512_storeu_ps(p, v); }
    MOE_INLINE void store_first(float* p, int n) const {
        _mm512_mask_storeu_ps(p, first_mask(n), v);
    }
    friend MOE_INLINE lanes operator+(lanes a, lanes b) { return {_mm512_add_ps(a.v, b.v)}; }
    friend MOE_INLINE lanes operator-(lanes a, lanes b) { return {_mm512_sub_ps(a.v, b.v)}; }
    friend MOE_INLINE lanes operator*(lanes a, lanes b) { return {_mm512_mul_ps(a.v, b.v)}; }
    friend MOE_INLINE lanes operator/(lanes a, lanes b) { return {_mm512_div_ps(a.v, b.v)}; }
    friend MOE_INLINE lanes fma(lanes a, lanes b, lanes c) {
        return {_mm512_fmadd_ps(a.v, b.v, c.v)};
    }
    friend MOE_INLINE lanes max(lanes a, lanes b) {
        return {_mm512_maskz_max_ps(0xFFFF, a.v, b.v)};
    }
    friend MOE_INLINE lanes min(lanes a, lanes b) {
        return {_mm512_maskz_min_ps(0xFFFF, a.v, b.v)};
    }
    friend MOE_INLINE lanes sqrt(lanes a) { return {_mm512_maskz_sqrt_ps(0xFFFF, a.v)}; }
    friend MOE_INLINE lanes where_less(lanes a, lanes b, lanes yes, lanes no) {
        return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ), no.v, yes.v)};
    }
    friend MOE_INLINE lanes swap_pairs(lanes a) {
        return {_mm512_maskz_permute_ps(0xFFFF, a.v, 0xB1)};
    }
    friend MOE_INLINE lanes even_twice(lanes a) { return {_mm512_maskz_moveldup_ps(0xFFFF, a.v)}; }
    friend MOE_INLINE lanes odd_twice(lanes a) { return {_mm512_maskz_movehdup_ps(0xFFFF, a.v)}; }
    friend MOE_INLINE lanes interleave_low(lanes a, lanes b) {
        const __m512i from =
            _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        return {_mm512_permutex2var_ps(a.v, from, b.v)};
    }
    friend MOE_INLINE lanes interleave_high(lanes a, lanes b) {
        const __m512i from =
            _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        return {_mm512_permutex2var_ps(a.v, from, b.v)};
    }
    friend MOE_INLINE lanes times_power(lanes p, lanes shifted) {
        const __m512i power = _mm512_maskz_slli_epi32(0xFFFF, _mm512_castps_si512(shifted.v), 23);
        return {_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(p.v), power))};
    }
    friend MOE_INLINE float sum(lanes a) {
        return detail::sum_of_eight(_mm256_add_ps(_mm512_maskz_extractf32x8_ps(0xFF, a.v, 0),
                                                  _mm512_maskz_extractf32x8_ps(0xFF, a.v, 1)));
    }
    friend MOE_INLINE float largest(lanes a) {
        return detail::largest_of_eight(_mm256_max_ps(_mm512_maskz_extractf32x8_ps(0xFF, a.v, 0),
                                                      _mm512_maskz_extractf32x8_ps(0xFF, a.v, 1)));
    }
};
#endif

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
