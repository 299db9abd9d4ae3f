// SPDX-License-Identifier: MIT
// lanes on AVX2 with FMA: two registers.
#pragma once

#include <moe/core/bfloat16.hpp>
#include <moe/device/isa.hpp>

#include <cstdint>
#include <cstring>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#if defined(__AVX2__) && defined(__FMA__)
namespace moe {

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
    static MOE_INLINE __m256 widened(const bfloat16* p) {
        const __m128i eight = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(eight), 16));
    }
    static MOE_INLINE lanes load(const bfloat16* p) { return {widened(p), widened(p + 8)}; }
    static MOE_INLINE lanes load(const bfloat16_pair* p) {
        return load(reinterpret_cast<const float*>(p));
    }
    static MOE_INLINE lanes splat(bfloat16_pair x) { return splat(std::bit_cast<float>(x)); }
    static MOE_INLINE lanes splat(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
    static MOE_INLINE lanes load_first(const float* p, int n) {
        return {_mm256_maskload_ps(p, first_mask(n)), _mm256_maskload_ps(p + 8, first_mask(n - 8))};
    }
    static MOE_INLINE lanes load_first(const bfloat16* p, int n) {
        bfloat16 some[lane_count] = {};
        if (n > 0) std::memcpy(some, p, std::size_t(n < lane_count ? n : lane_count) * sizeof *p);
        return load(some);
    }
    static MOE_INLINE lanes load_first(const bfloat16_pair* p, int n) {
        return load_first(reinterpret_cast<const float*>(p), n);
    }
    static MOE_INLINE void store_two(bfloat16* p, lanes low, lanes high) {
        low.store(p);
        high.store(p + lane_count);
    }
    MOE_INLINE void stay() { asm("" : "+x"(low), "+x"(high)); }
    MOE_INLINE void store(float* p) const {
        _mm256_storeu_ps(p, low);
        _mm256_storeu_ps(p + 8, high);
    }
    MOE_INLINE void stream(float* p) const {
        _mm256_stream_ps(p, low);
        _mm256_stream_ps(p + 8, high);
    }
    static MOE_INLINE void finish_streams() { _mm_sfence(); }
    MOE_INLINE void store_first(float* p, int n) const {
        _mm256_maskstore_ps(p, first_mask(n), low);
        _mm256_maskstore_ps(p + 8, first_mask(n - 8), high);
    }
    // The upper halves after rounding to the nearest bfloat16, in the lower ones.
    static MOE_INLINE __m256i rounded(__m256 x) {
        const __m256i bits = _mm256_castps_si256(x), high = _mm256_srli_epi32(bits, 16);
        const __m256i odd = _mm256_and_si256(high, _mm256_set1_epi32(1));
        const __m256i up = _mm256_add_epi32(bits, _mm256_set1_epi32(0x7FFF));
        const __m256i near = _mm256_srli_epi32(_mm256_add_epi32(up, odd), 16);
        const __m256i quiet = _mm256_or_si256(high, _mm256_set1_epi32(0x40));
        const __m256 nan = _mm256_cmp_ps(x, x, _CMP_UNORD_Q);
        return _mm256_blendv_epi8(near, quiet, _mm256_castps_si256(nan));
    }
    MOE_INLINE void store(bfloat16* p) const {
        const __m256i mixed = _mm256_packus_epi32(rounded(low), rounded(high));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm256_permute4x64_epi64(mixed, 0xD8));
    }
    MOE_INLINE void store_first(bfloat16* p, int n) const {
        bfloat16 all[lane_count];
        store(all);
        if (n > 0) std::memcpy(p, all, std::size_t(n < lane_count ? n : lane_count) * sizeof *p);
    }
    MOE_INLINE void store(bfloat16_pair* p) const { store(reinterpret_cast<float*>(p)); }
    MOE_INLINE void store_first(bfloat16_pair* p, int n) const {
        store_first(reinterpret_cast<float*>(p), n);
    }
    friend MOE_INLINE lanes lower(lanes a) {
        const auto one = [](__m256 x) {
            return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(x), 16));
        };
        return {one(a.low), one(a.high)};
    }
    friend MOE_INLINE lanes upper(lanes a) {
        const __m256 mask = _mm256_castsi256_ps(_mm256_set1_epi32(int(0xFFFF0000U)));
        return {_mm256_and_ps(a.low, mask), _mm256_and_ps(a.high, mask)};
    }
    friend MOE_INLINE lanes paired(lanes even, lanes odd) {
        const auto one = [](__m256 x, __m256 y) {
            const __m256i below = _mm256_srli_epi32(_mm256_castps_si256(x), 16);
            return _mm256_castsi256_ps(_mm256_or_si256(below, _mm256_castps_si256(y)));
        };
        return {one(even.low, odd.low), one(even.high, odd.high)};
    }
    friend MOE_INLINE lanes dot(lanes a, lanes b, lanes c) {
        return fma(lower(a), lower(b), fma(upper(a), upper(b), c));
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

}  // namespace moe
#endif
