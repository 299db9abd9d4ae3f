// SPDX-License-Identifier: MIT
// lanes on AVX-512: one register. The masks of all lanes that some functions pass are for GCC 12,
// whose plain forms of them warn about a register that they never read.
#pragma once

#include <moe/device/lanes_avx2.cpu.hpp>

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512BW__) && defined(__AVX2__) && \
    defined(__FMA__)
namespace moe {

template <class Isa>
requires isa::is_avx512<Isa>
struct lanes<Isa> {
    __m512 v;

    static MOE_INLINE __mmask16 first_mask(int n) {
        return __mmask16(n >= 16 ? 0xFFFFU : (1U << n) - 1U);
    }
    static MOE_INLINE lanes load(const float* p) { return {_mm512_loadu_ps(p)}; }
    static MOE_INLINE lanes widened(__m256i sixteen) {
        const __m512i wide = _mm512_maskz_cvtepu16_epi32(0xFFFF, sixteen);
        return {_mm512_castsi512_ps(_mm512_maskz_slli_epi32(0xFFFF, wide, 16))};
    }
    static MOE_INLINE lanes load(const bfloat16* p) {
        return widened(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
    }
    static MOE_INLINE lanes load(const bfloat16_pair* p) { return {_mm512_loadu_ps(p)}; }
    static MOE_INLINE lanes splat(bfloat16_pair x) { return splat(std::bit_cast<float>(x)); }
    static MOE_INLINE lanes splat(float x) { return {_mm512_set1_ps(x)}; }
    static MOE_INLINE lanes load_first(const float* p, int n) {
        return {_mm512_maskz_loadu_ps(first_mask(n), p)};
    }
    static MOE_INLINE lanes load_first(const bfloat16* p, int n) {
        return widened(_mm256_maskz_loadu_epi16(first_mask(n), p));
    }
    static MOE_INLINE lanes load_first(const bfloat16_pair* p, int n) {
        return {_mm512_maskz_loadu_ps(first_mask(n), p)};
    }
    MOE_INLINE void stay() { asm("" : "+v"(v)); }
    MOE_INLINE void store(float* p) const { _mm512_storeu_ps(p, v); }
    MOE_INLINE void stream(float* p) const { _mm512_stream_ps(p, v); }
    static MOE_INLINE void finish_streams() { _mm_sfence(); }
    MOE_INLINE void store_first(float* p, int n) const {
        _mm512_mask_storeu_ps(p, first_mask(n), v);
    }
    // The nearest bfloat16 in the upper half of each lane, whatever in the lower one. With
    // integers: the instruction for it would take subnormal numbers as zero.
    MOE_INLINE __m512i rounded() const {
        const __m512i bits = _mm512_castps_si512(v);
        const __m512i odd =
            _mm512_and_si512(_mm512_maskz_srli_epi32(0xFFFF, bits, 16), _mm512_set1_epi32(1));
        const __m512i up = _mm512_add_epi32(bits, _mm512_set1_epi32(0x7FFF));
        const __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
        const __m512i quiet = _mm512_set1_epi32(0x400000);
        return _mm512_mask_or_epi32(_mm512_add_epi32(up, odd), nan, bits, quiet);
    }
    MOE_INLINE __m256i narrowed() const {
        return _mm512_maskz_cvtepi32_epi16(0xFFFF, _mm512_maskz_srli_epi32(0xFFFF, rounded(), 16));
    }
    // Two vectors side by side.
    static MOE_INLINE void store_two(bfloat16* p, lanes low, lanes high) {
        const __m512i upper_halves =
            _mm512_set_epi16(63, 61, 59, 57, 55, 53, 51, 49, 47, 45, 43, 41, 39, 37, 35, 33, 31, 29,
                             27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
        _mm512_storeu_si512(p,
                            _mm512_permutex2var_epi16(low.rounded(), upper_halves, high.rounded()));
    }
    MOE_INLINE void store(bfloat16* p) const {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), narrowed());
    }
    MOE_INLINE void store_first(bfloat16* p, int n) const {
        _mm256_mask_storeu_epi16(p, first_mask(n), narrowed());
    }
    MOE_INLINE void store(bfloat16_pair* p) const { _mm512_storeu_ps(p, v); }
    MOE_INLINE void store_first(bfloat16_pair* p, int n) const {
        _mm512_mask_storeu_ps(p, first_mask(n), v);
    }
    friend MOE_INLINE lanes lower(lanes a) {
        return {_mm512_castsi512_ps(_mm512_maskz_slli_epi32(0xFFFF, _mm512_castps_si512(a.v), 16))};
    }
    friend MOE_INLINE lanes upper(lanes a) {
        return {_mm512_castsi512_ps(
            _mm512_and_si512(_mm512_castps_si512(a.v), _mm512_set1_epi32(int(0xFFFF0000U))))};
    }
    friend MOE_INLINE lanes paired(lanes even, lanes odd) {
        const __m512i below = _mm512_maskz_srli_epi32(0xFFFF, _mm512_castps_si512(even.v), 16);
        return {_mm512_castsi512_ps(_mm512_or_si512(below, _mm512_castps_si512(odd.v)))};
    }
    friend MOE_INLINE lanes dot(lanes a, lanes b, lanes c) {
#if defined(__AVX512BF16__)
        if constexpr (isa::has_fast_dot<Isa>)
            return {_mm512_dpbf16_ps(c.v, __m512bh(_mm512_castps_si512(a.v)),
                                     __m512bh(_mm512_castps_si512(b.v)))};
#endif
        return fma(lower(a), lower(b), fma(upper(a), upper(b), c));
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

}  // namespace moe
#endif
