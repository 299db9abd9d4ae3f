// SPDX-License-Identifier: MIT
// Conversions sixteen numbers at a time, on integer and float registers, so without any support for
// small formats in hardware; where AVX-512 has byte permutations, codes of a byte become bfloat16
// by table. In words a code stands in the lowest bits.
#pragma once

#include <moe/device/sweep.hpp>
#include <moe/device/words.hpp>
#include <moe/precision/convert.hpp>

#include <array>
#include <cstring>
#include <type_traits>

namespace moe {

constexpr int count_of(all_lanes) { return lane_count; }
constexpr int count_of(first_lanes n) { return n.count; }

// Sixteen codes of a format, Format(float) for each lane. InRange promises that every lane is
// finite and rounds to the largest number at most; it saves a fifth of the instructions.
template <class Format, bool InRange = false, class Isa>
MOE_INLINE words<Isa> encode_lanes(lanes<Isa> x) {
    using w = words<Isa>;
    const auto all = [](std::uint32_t value) { return w::splat(value); };
    const w bits = w::of(x);
    if constexpr (std::is_same_v<Format, bfloat16>) {
        const w odd = bits.template right<16>() & all(1);
        const w nearest = (bits + all(0x7FFF) + odd).template right<16>();
        return where_less(all(0x7F800000), bits & all(0x7FFFFFFF),
                          bits.template right<16>() | all(0x40), nearest);
    } else {
        constexpr int dropped = 23 - Format::mantissa,
                      sign = Format::shape.exponent + Format::mantissa;
        constexpr std::uint32_t half = 1U << (dropped - 1);
        [[maybe_unused]] constexpr std::uint32_t infinity = 0x7F800000;
        const w magnitude = bits & all(0x7FFFFFFF);
        // Saturation first: what is at most the largest is not rounded beyond it.
        w number = magnitude;
        if constexpr (!InRange)
            number = min(number, all(std::bit_cast<std::uint32_t>(float(Format::largest()))));
        const w odd = number.template right<dropped>() & all(1);
        const w normal = (number + odd + all(half - 1 - (std::uint32_t(Format::lowest - 1) << 23)))
                             .template right<dropped>();
        // Below the smallest normal every code is one step: the unit in the last place of 'step',
        // so that adding it rounds.
        constexpr auto step = std::uint32_t(Format::lowest + dropped) << 23;
        const w subnormal = w::of(number.floats() + all(step).floats()) - all(step);
        w code = where_less(number, all(std::uint32_t(Format::lowest) << 23), subnormal, normal);
        if constexpr (!InRange) {
            code = where_less(magnitude, all(infinity), code, all(Format::not_finite));
            if constexpr (Format::nan_code != Format::not_finite)
                code = where_less(all(infinity), magnitude, all(Format::nan_code), code);
        }
        return merge(code, bits.template right<31 - sign>(), Format::sign_bit);
    }
}

// round_stochastically() of each lane with its word.
template <class Format, class Isa>
MOE_INLINE words<Isa> encode_stochastically(lanes<Isa> x, words<Isa> random) {
    using w = words<Isa>;
    using v = lanes<Isa>;
    const auto all = [](std::uint32_t value) { return w::splat(value); };
    const w bits = w::of(x), magnitude = bits & all(0x7FFFFFFF);
    if constexpr (std::is_same_v<Format, bfloat16>) {
        const w up = (bits + random.template right<16>()).template right<16>();
        return where_less(magnitude, all(0x7F800000), up, encode_lanes<bfloat16>(x));
    } else {
        constexpr int dropped = 23 - Format::mantissa;
        constexpr auto largest = std::bit_cast<std::uint32_t>(float(Format::largest()));
        const w number = min(magnitude, all(largest));
        // Up where what is dropped is more than so many of the random bits.
        const w add = all((1U << dropped) - 1) - random.template right<32 - dropped>();
        const w normal =
            (number + add - all(std::uint32_t(Format::lowest - 1) << 23)).template right<dropped>();
        // Subnormal: in steps, whole ones and 2^32 times the rest of one, compared unsigned.
        constexpr float steps =
            std::bit_cast<float>(std::uint32_t(254 - Format::lowest + Format::mantissa) << 23);
        const v magic = v::splat(0x1p23F), one = v::splat(1), half = v::splat(0x1p16F);
        const auto whole_part = [&](v a) {
            const v nearest = a + magic - magic;
            return where_less(a, nearest, nearest - one, nearest);
        };
        const v in_steps = number.floats() * v::splat(steps);
        const v small =
            where_less(in_steps, v::splat(float(1 << Format::mantissa)), in_steps, v::splat(0));
        const v kept = whole_part(small), upper = (small - kept) * half;
        const v upper_whole = whole_part(upper), lower = whole_part((upper - upper_whole) * half);
        const auto integer = [&](v a) { return w::of(a + magic) - w::of(magic); };
        const w share = integer(upper_whole).template left<16>() | integer(lower);
        const w below = integer(kept);
        const w sign = all(0x80000000);
        const w subnormal = where_less(random ^ sign, share ^ sign, below + all(1), below);
        w code = where_less(number, all(std::uint32_t(Format::lowest) << 23), subnormal, normal);
        code = where_less(all(largest), magnitude,
                          encode_lanes<Format>(x) & all(Format::sign_bit - 1), code);
        return merge(code, bits.template right<31 - Format::shape.exponent - Format::mantissa>(),
                     Format::sign_bit);
    }
}

// And back.
template <class Format, class Isa> MOE_INLINE lanes<Isa> decode_lanes(words<Isa> code) {
    using w = words<Isa>;
    const auto all = [](std::uint32_t value) { return w::splat(value); };
    if constexpr (std::is_same_v<Format, bfloat16>) {
        return code.template left<16>().floats();
    } else {
        constexpr int dropped = 23 - Format::mantissa,
                      sign = Format::shape.exponent + Format::mantissa;
        const w magnitude = code & all(Format::sign_bit - 1);
        const w wide = magnitude.template left<dropped>();
        const w normal = wide + all(std::uint32_t(Format::lowest - 1) << 23);
        // A subnormal is what its mantissa adds to the smallest normal.
        const w smallest = all(std::uint32_t(Format::lowest) << 23);
        const w subnormal = w::of((wide + smallest).floats() - smallest.floats());
        w bits = where_less(magnitude, all(1U << Format::mantissa), subnormal, normal);
        bits = where_less(magnitude, all(Format::not_finite), bits,
                          all(Format::shape.infinity ? 0x7F800000 : 0x7FC00000));
        if constexpr (Format::shape.infinity)
            bits = where_less(all(Format::not_finite), magnitude, all(0x7FC00000), bits);
        return merge(bits, code.template left<31 - sign>(), 0x80000000U).floats();
    }
}

namespace detail {
// Twelve-bit codes of e5m6, two in three bytes: the first 'count' of sixteen.
template <class Isa> MOE_INLINE words<Isa> load_pairs(const e5m6_pair* from, int count) {
    std::uint16_t code[lane_count] = {};
    for (int i = 0; i < count; ++i) code[i] = storage<e5m6>::get(from, i).bits;
    return words<Isa>::load_halves(code);
}
// Codes behind 'count' are zero.
template <class Isa> MOE_INLINE void store_pairs(e5m6_pair* to, int count, words<Isa> code) {
    std::uint16_t half[lane_count];
    code.store_halves(half);
    for (int i = 0; i < elements_of<e5m6>(count); ++i)
        to[i] = {e5m6::from_bits(half[2 * i]), e5m6::from_bits(half[2 * i + 1])};
}

#if defined(__AVX512VBMI__)
MOE_INLINE __mmask64 mask_of_pairs(int count) {
    return __mmask64((1U << 3 * elements_of<e5m6>(count)) - 1);
}
template <class Isa>
requires one_register<Isa> MOE_INLINE words<Isa> load_pairs(const e5m6_pair* from, int count) {
    // Word i: the bytes 3 (i / 2) + i % 2 and the one behind, four bits too many in every second.
    alignas(64) static constexpr auto bytes = [] {
        std::array<std::uint8_t, 64> byte{};
        for (unsigned i = 0; i < 16; ++i) {
            byte[4 * i] = std::uint8_t(3 * (i / 2) + i % 2);
            byte[4 * i + 1] = std::uint8_t(byte[4 * i] + 1);
        }
        return byte;
    }();
    const __m512i all = _mm512_maskz_loadu_epi8(mask_of_pairs(count), from);
    const __m512i two =
        _mm512_maskz_permutexvar_epi8(0x3333333333333333, _mm512_load_si512(bytes.data()), all);
    const __m512i by = _mm512_set1_epi64(0x400000000);
    return {_mm512_and_si512(_mm512_maskz_srlv_epi32(0xFFFF, two, by), _mm512_set1_epi32(0xFFF))};
}
template <class Isa>
requires one_register<Isa> MOE_INLINE void store_pairs(e5m6_pair* to, int count, words<Isa> code) {
    alignas(64) static constexpr auto bytes = [] {
        std::array<std::uint8_t, 64> byte{};
        for (unsigned k = 0; k < 24; ++k) byte[k] = std::uint8_t(8 * (k / 3) + k % 3);
        return byte;
    }();
    const __m512i pair = _mm512_or_si512(code.v, _mm512_maskz_srli_epi64(0xFF, code.v, 20));
    const __m512i packed =
        _mm512_maskz_permutexvar_epi8(0xFFFFFF, _mm512_load_si512(bytes.data()), pair);
    _mm512_mask_storeu_epi8(to, mask_of_pairs(count), packed);
}
#endif
}  // namespace detail

// Sixteen codes at 'from', which points at a whole element; the first n of them.
template <class Format, class Isa, class Count>
MOE_INLINE words<Isa> load_codes(const stored<Format>* from, Count n) {
    using w = words<Isa>;
    if constexpr (storage<Format>::numbers == 2)
        return detail::load_pairs<Isa>(from, count_of(n));
    else if constexpr (std::is_same_v<Count, all_lanes>)
        return sizeof(Format) == 1 ? w::load_bytes(from) : w::load_halves(from);
    else
        return sizeof(Format) == 1 ? w::load_bytes(from, n.count) : w::load_halves(from, n.count);
}

template <class Format, class Isa, class Count>
MOE_INLINE void store_codes(stored<Format>* to, Count n, words<Isa> code) {
    if constexpr (storage<Format>::numbers == 2) {
        using w = words<Isa>;
        if constexpr (!std::is_same_v<Count, all_lanes>)
            code = where_less(w::numbers(), w::splat(std::uint32_t(n.count)), code, w::splat(0));
        detail::store_pairs<Isa>(to, count_of(n), code);
    } else if constexpr (std::is_same_v<Count, all_lanes>) {
        sizeof(Format) == 1 ? code.store_bytes(to) : code.store_halves(to);
    } else {
        sizeof(Format) == 1 ? code.store_bytes(to, n.count) : code.store_halves(to, n.count);
    }
}

template <class Format, instruction_set Isa>
void encode(Isa, stored<Format>* to, const float* from, int count) {
    sweep(count, [&](int i, auto n) {
        store_codes<Format>(to + i / storage<Format>::numbers, n,
                            encode_lanes<Format>(load<lanes<Isa>>(from + i, n)));
    });
}

namespace detail {
// The bfloat16 of every code without its sign, high bytes and low bytes.
template <class Format> struct byte_tables {
    alignas(64) std::array<std::uint8_t, 128> high{}, low{};

    constexpr byte_tables() {
        for (unsigned code = 0; code < 128; ++code) {
            const float wide = Format::from_bits(typename Format::code(code));
            const bfloat16 value(wide);
            high[code] = std::uint8_t(value.bits >> 8);
            low[code] = std::uint8_t(value.bits);
        }
    }
};
template <class Format> inline constexpr byte_tables<Format> byte_tables_of;

#if defined(__AVX512VBMI__)
// 64 codes of a byte. The quarters of the result come from the halves of a register's quarters,
// hence the permutation at the start.
template <class Format> MOE_INLINE void decode_bytes(bfloat16* to, const Format* from) {
    const auto& table = byte_tables_of<Format>;
    const __m512i order = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);
    const __m512i code = _mm512_maskz_permutexvar_epi64(0xFF, order, _mm512_loadu_si512(from));
    const auto look_up = [&](const std::uint8_t* half) {
        return _mm512_permutex2var_epi8(_mm512_load_si512(half), code,
                                        _mm512_load_si512(half + 64));
    };
    // high | (code & 0x80)
    const __m512i high = _mm512_ternarylogic_epi64(look_up(table.high.data()), code,
                                                   _mm512_set1_epi8(char(0x80)), 0xF8);
    const __m512i low = look_up(table.low.data());
    _mm512_storeu_si512(to, _mm512_unpacklo_epi8(low, high));
    _mm512_storeu_si512(to + 32, _mm512_unpackhi_epi8(low, high));
}
#endif
}  // namespace detail

// Number: float or bfloat16.
template <class Format, class Number, instruction_set Isa>
void decode(Isa, Number* to, const stored<Format>* from, int count) {
    constexpr bool to_float = std::is_same_v<Number, float>;
    static_assert(to_float || std::is_same_v<Number, bfloat16>);
    int done = 0;
#if defined(__AVX512VBMI__)
    if constexpr (one_register<Isa> && !to_float && sizeof(Format) == 1)
        for (; done + 64 <= count; done += 64) detail::decode_bytes(to + done, from + done);
#endif
    sweep(count - done, [&](int i, auto n) {
        const words<Isa> code =
            load_codes<Format, Isa>(from + (done + i) / storage<Format>::numbers, n);
        const lanes<Isa> value = decode_lanes<Format, Isa>(code);
        if constexpr (to_float)
            store(to + done + i, n, value);
        else  // the value has no more bits than these
            store_codes<bfloat16>(to + done + i, n, words<Isa>::of(value).template right<16>());
    });
}

}  // namespace moe
