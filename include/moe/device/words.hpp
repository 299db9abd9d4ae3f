// SPDX-License-Identifier: MIT
// Sixteen 32-bit integers beside the sixteen floats of device/lanes.hpp, for what works on the bits
// of numbers: conversions between formats, random numbers. Integers are the same on every machine.
// Bytes and halves (16 bits) are widened with zeros when loaded; narrowed, they must fit.
#pragma once

#include <moe/device/lanes.hpp>

#include <cstdint>
#include <cstring>

namespace moe {

template <class Isa>
concept instruction_set = sizeof(lanes<Isa>) > 0;

// Arrays: for every instruction set without a specialisation below.
template <class Isa> struct words {
    std::uint32_t v[lane_count];

    static MOE_INLINE words splat(std::uint32_t x) {
        words r;
        for (std::uint32_t& word : r.v) word = x;
        return r;
    }
    // 0, 1, 2 ... 15
    static MOE_INLINE words numbers() {
        words r;
        for (int i = 0; i < lane_count; ++i) r.v[i] = std::uint32_t(i);
        return r;
    }
    static MOE_INLINE words of(lanes<Isa> a) {
        float x[lane_count];
        a.store(x);
        words r;
        std::memcpy(r.v, x, sizeof r.v);
        return r;
    }
    MOE_INLINE lanes<Isa> floats() const {
        float x[lane_count];
        std::memcpy(x, v, sizeof x);
        return lanes<Isa>::load(x);
    }
    static MOE_INLINE words load_bytes(const void* p, int n = lane_count) {
        words r = splat(0);
        for (int i = 0; i < n; ++i) r.v[i] = static_cast<const std::uint8_t*>(p)[i];
        return r;
    }
    static MOE_INLINE words load_halves(const void* p, int n = lane_count) {
        words r = splat(0);
        for (int i = 0; i < n; ++i) {
            std::uint16_t half;
            std::memcpy(&half, static_cast<const char*>(p) + 2 * i, 2);
            r.v[i] = half;
        }
        return r;
    }
    MOE_INLINE void store_bytes(void* p, int n = lane_count) const {
        for (int i = 0; i < n; ++i) static_cast<std::uint8_t*>(p)[i] = std::uint8_t(v[i]);
    }
    MOE_INLINE void store_halves(void* p, int n = lane_count) const {
        for (int i = 0; i < n; ++i) {
            const auto half = std::uint16_t(v[i]);
            std::memcpy(static_cast<char*>(p) + 2 * i, &half, 2);
        }
    }

    friend MOE_INLINE words operator&(words a, words b) {
        for (int i = 0; i < lane_count; ++i) a.v[i] &= b.v[i];
        return a;
    }
    friend MOE_INLINE words operator|(words a, words b) {
        for (int i = 0; i < lane_count; ++i) a.v[i] |= b.v[i];
        return a;
    }
    friend MOE_INLINE words operator^(words a, words b) {
        for (int i = 0; i < lane_count; ++i) a.v[i] ^= b.v[i];
        return a;
    }
    friend MOE_INLINE words operator+(words a, words b) {
        for (int i = 0; i < lane_count; ++i) a.v[i] += b.v[i];
        return a;
    }
    friend MOE_INLINE words operator-(words a, words b) {
        for (int i = 0; i < lane_count; ++i) a.v[i] -= b.v[i];
        return a;
    }
    template <int By> MOE_INLINE words left() const {
        words r = *this;
        for (std::uint32_t& word : r.v) word <<= By;
        return r;
    }
    template <int By> MOE_INLINE words right() const {
        words r = *this;
        for (std::uint32_t& word : r.v) word >>= By;
        return r;
    }
    // a | (b & mask)
    friend MOE_INLINE words merge(words a, words b, std::uint32_t mask) {
        for (int i = 0; i < lane_count; ++i) a.v[i] |= b.v[i] & mask;
        return a;
    }
    // unsigned
    friend MOE_INLINE words max(words a, words b) {
        for (int i = 0; i < lane_count; ++i) a.v[i] = a.v[i] > b.v[i] ? a.v[i] : b.v[i];
        return a;
    }
    friend MOE_INLINE words min(words a, words b) {
        for (int i = 0; i < lane_count; ++i) a.v[i] = a.v[i] < b.v[i] ? a.v[i] : b.v[i];
        return a;
    }
    // where a < b, as signed numbers: yes, else no
    friend MOE_INLINE words where_less(words a, words b, words yes, words no) {
        for (int i = 0; i < lane_count; ++i)
            no.v[i] = std::int32_t(a.v[i]) < std::int32_t(b.v[i]) ? yes.v[i] : no.v[i];
        return no;
    }
    // The 64-bit products a * by: high half and low half.
    friend MOE_INLINE void multiply(words a, std::uint32_t by, words& high, words& low) {
        for (int i = 0; i < lane_count; ++i) {
            const std::uint64_t product = std::uint64_t{a.v[i]} * by;
            high.v[i] = std::uint32_t(product >> 32);
            low.v[i] = std::uint32_t(product);
        }
    }
    // unsigned
    friend MOE_INLINE std::uint32_t largest(words a) {
        std::uint32_t most = 0;
        for (const std::uint32_t word : a.v) most = most < word ? word : most;
        return most;
    }
};

#if defined(__AVX2__) && defined(__FMA__)
namespace detail {
MOE_INLINE std::uint32_t largest_of_eight(__m256i a) {
    __m128i b = _mm_max_epu32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    b = _mm_max_epu32(b, _mm_shuffle_epi32(b, 0x4E));
    return std::uint32_t(_mm_cvtsi128_si32(_mm_max_epu32(b, _mm_shuffle_epi32(b, 0xB1))));
}
}  // namespace detail

template <> struct words<isa::avx2_fma> {
    using vector = lanes<isa::avx2_fma>;
    __m256i low, high;

    static MOE_INLINE words splat(std::uint32_t x) {
        return {_mm256_set1_epi32(int(x)), _mm256_set1_epi32(int(x))};
    }
    static MOE_INLINE words numbers() {
        const __m256i eight = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        return {eight, _mm256_add_epi32(eight, _mm256_set1_epi32(8))};
    }
    static MOE_INLINE words of(vector a) {
        return {_mm256_castps_si256(a.low), _mm256_castps_si256(a.high)};
    }
    MOE_INLINE vector floats() const {
        return {_mm256_castsi256_ps(low), _mm256_castsi256_ps(high)};
    }
    static MOE_INLINE words load_bytes(const void* p) {
        const __m128i all = _mm_loadu_si128(static_cast<const __m128i*>(p));
        return {_mm256_cvtepu8_epi32(all), _mm256_cvtepu8_epi32(_mm_srli_si128(all, 8))};
    }
    static MOE_INLINE words load_bytes(const void* p, int n) {
        char all[16] = {};
        std::memcpy(all, p, std::size_t(n));
        return load_bytes(all);
    }
    static MOE_INLINE words load_halves(const void* p) {
        const auto* const eight = static_cast<const __m128i*>(p);
        return {_mm256_cvtepu16_epi32(_mm_loadu_si128(eight)),
                _mm256_cvtepu16_epi32(_mm_loadu_si128(eight + 1))};
    }
    static MOE_INLINE words load_halves(const void* p, int n) {
        char all[32] = {};
        std::memcpy(all, p, std::size_t(2 * n));
        return load_halves(all);
    }
    MOE_INLINE __m256i halves() const {
        return _mm256_permute4x64_epi64(_mm256_packus_epi32(low, high), 0xD8);
    }
    MOE_INLINE void store_bytes(void* p) const {
        const __m256i half = halves();
        _mm_storeu_si128(
            static_cast<__m128i*>(p),
            _mm_packus_epi16(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1)));
    }
    MOE_INLINE void store_bytes(void* p, int n) const {
        char all[16];
        store_bytes(all);
        std::memcpy(p, all, std::size_t(n));
    }
    MOE_INLINE void store_halves(void* p) const {
        _mm256_storeu_si256(static_cast<__m256i*>(p), halves());
    }
    MOE_INLINE void store_halves(void* p, int n) const {
        char all[32];
        store_halves(all);
        std::memcpy(p, all, std::size_t(2 * n));
    }

    friend MOE_INLINE words operator&(words a, words b) {
        return {_mm256_and_si256(a.low, b.low), _mm256_and_si256(a.high, b.high)};
    }
    friend MOE_INLINE words operator|(words a, words b) {
        return {_mm256_or_si256(a.low, b.low), _mm256_or_si256(a.high, b.high)};
    }
    friend MOE_INLINE words operator^(words a, words b) {
        return {_mm256_xor_si256(a.low, b.low), _mm256_xor_si256(a.high, b.high)};
    }
    friend MOE_INLINE words operator+(words a, words b) {
        return {_mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high)};
    }
    friend MOE_INLINE words operator-(words a, words b) {
        return {_mm256_sub_epi32(a.low, b.low), _mm256_sub_epi32(a.high, b.high)};
    }
    template <int By> MOE_INLINE words left() const {
        return {_mm256_slli_epi32(low, By), _mm256_slli_epi32(high, By)};
    }
    template <int By> MOE_INLINE words right() const {
        return {_mm256_srli_epi32(low, By), _mm256_srli_epi32(high, By)};
    }
    friend MOE_INLINE words merge(words a, words b, std::uint32_t mask) {
        return a | (b & splat(mask));
    }
    friend MOE_INLINE words max(words a, words b) {
        return {_mm256_max_epu32(a.low, b.low), _mm256_max_epu32(a.high, b.high)};
    }
    friend MOE_INLINE words min(words a, words b) {
        return {_mm256_min_epu32(a.low, b.low), _mm256_min_epu32(a.high, b.high)};
    }
    friend MOE_INLINE words where_less(words a, words b, words yes, words no) {
        return {_mm256_blendv_epi8(no.low, yes.low, _mm256_cmpgt_epi32(b.low, a.low)),
                _mm256_blendv_epi8(no.high, yes.high, _mm256_cmpgt_epi32(b.high, a.high))};
    }
    friend MOE_INLINE void multiply(words a, std::uint32_t by, words& high, words& low) {
        const __m256i factor = _mm256_set1_epi32(int(by));
        const auto one = [&](__m256i x, __m256i& up, __m256i& down) {
            const __m256i even = _mm256_mul_epu32(x, factor),
                          odd = _mm256_mul_epu32(_mm256_srli_epi64(x, 32), factor);
            up = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
            down = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA);
        };
        one(a.low, high.low, low.low);
        one(a.high, high.high, low.high);
    }
    friend MOE_INLINE std::uint32_t largest(words a) {
        return detail::largest_of_eight(_mm256_max_epu32(a.low, a.high));
    }
};
#endif

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512DQ__)
// Instruction sets whose lanes are one register of AVX-512.
template <class Isa>
concept one_register = requires(lanes<Isa> a) {
    _mm512_castps_si512(a.v);
};

template <class Isa>
requires one_register<Isa>
struct words<Isa> {
    __m512i v;

    static MOE_INLINE __mmask16 first_mask(int n) {
        return __mmask16(n >= 16 ? 0xFFFFU : (1U << n) - 1U);
    }
    static MOE_INLINE words splat(std::uint32_t x) { return {_mm512_set1_epi32(int(x))}; }
    static MOE_INLINE words numbers() {
        return {_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)};
    }
    static MOE_INLINE words of(lanes<Isa> a) { return {_mm512_castps_si512(a.v)}; }
    MOE_INLINE lanes<Isa> floats() const { return {_mm512_castsi512_ps(v)}; }
    static MOE_INLINE words load_bytes(const void* p) {
        return {
            _mm512_maskz_cvtepu8_epi32(0xFFFF, _mm_loadu_si128(static_cast<const __m128i*>(p)))};
    }
    static MOE_INLINE words load_bytes(const void* p, int n) {
        return {_mm512_maskz_cvtepu8_epi32(0xFFFF, _mm_maskz_loadu_epi8(first_mask(n), p))};
    }
    static MOE_INLINE words load_halves(const void* p) {
        return {_mm512_maskz_cvtepu16_epi32(0xFFFF,
                                            _mm256_loadu_si256(static_cast<const __m256i*>(p)))};
    }
    static MOE_INLINE words load_halves(const void* p, int n) {
        return {_mm512_maskz_cvtepu16_epi32(0xFFFF, _mm256_maskz_loadu_epi16(first_mask(n), p))};
    }
    MOE_INLINE void store_bytes(void* p) const {
        _mm_storeu_si128(static_cast<__m128i*>(p), _mm512_maskz_cvtepi32_epi8(0xFFFF, v));
    }
    MOE_INLINE void store_bytes(void* p, int n) const {
        _mm_mask_storeu_epi8(p, first_mask(n), _mm512_maskz_cvtepi32_epi8(0xFFFF, v));
    }
    MOE_INLINE void store_halves(void* p) const {
        _mm256_storeu_si256(static_cast<__m256i*>(p), _mm512_maskz_cvtepi32_epi16(0xFFFF, v));
    }
    MOE_INLINE void store_halves(void* p, int n) const {
        _mm256_mask_storeu_epi16(p, first_mask(n), _mm512_maskz_cvtepi32_epi16(0xFFFF, v));
    }

    friend MOE_INLINE words operator&(words a, words b) { return {_mm512_and_si512(a.v, b.v)}; }
    friend MOE_INLINE words operator|(words a, words b) { return {_mm512_or_si512(a.v, b.v)}; }
    friend MOE_INLINE words operator^(words a, words b) { return {_mm512_xor_si512(a.v, b.v)}; }
    friend MOE_INLINE words operator+(words a, words b) { return {_mm512_add_epi32(a.v, b.v)}; }
    friend MOE_INLINE words operator-(words a, words b) { return {_mm512_sub_epi32(a.v, b.v)}; }
    template <int By> MOE_INLINE words left() const {
        return {_mm512_maskz_slli_epi32(0xFFFF, v, By)};
    }
    template <int By> MOE_INLINE words right() const {
        return {_mm512_maskz_srli_epi32(0xFFFF, v, By)};
    }
    friend MOE_INLINE words merge(words a, words b, std::uint32_t mask) {
        return {_mm512_ternarylogic_epi32(a.v, b.v, _mm512_set1_epi32(int(mask)), 0xF8)};
    }
    friend MOE_INLINE words max(words a, words b) {
        return {_mm512_maskz_max_epu32(0xFFFF, a.v, b.v)};
    }
    friend MOE_INLINE words min(words a, words b) {
        return {_mm512_maskz_min_epu32(0xFFFF, a.v, b.v)};
    }
    friend MOE_INLINE words where_less(words a, words b, words yes, words no) {
        return {_mm512_mask_blend_epi32(_mm512_cmplt_epi32_mask(a.v, b.v), no.v, yes.v)};
    }
    friend MOE_INLINE void multiply(words a, std::uint32_t by, words& high, words& low) {
        const __m512i factor = _mm512_set1_epi32(int(by));
        const __m512i even = _mm512_maskz_mul_epu32(0xFF, a.v, factor);
        const __m512i odd =
            _mm512_maskz_mul_epu32(0xFF, _mm512_maskz_srli_epi64(0xFF, a.v, 32), factor);
        high.v = _mm512_mask_blend_epi32(0xAAAA, _mm512_maskz_srli_epi64(0xFF, even, 32), odd);
        low.v = _mm512_mask_blend_epi32(0xAAAA, even, _mm512_maskz_slli_epi64(0xFF, odd, 32));
    }
    friend MOE_INLINE std::uint32_t largest(words a) {
        return detail::largest_of_eight(
            _mm256_max_epu32(_mm512_maskz_extracti32x8_epi32(0xFF, a.v, 0),
                             _mm512_maskz_extracti32x8_epi32(0xFF, a.v, 1)));
    }
};
#else
template <class Isa>
concept one_register = false;
#endif

}  // namespace moe
