// SPDX-License-Identifier: MIT
// Numbers of e4m3 on their way into a product on the CPU: they become words of bfloat16 numbers
// (op/gemm_left.cpu.hpp), as panels and strips of a block are copied, so the tiles are those of
// products in bfloat16. Nothing that was rounded for one product alone ever lies in memory.
#pragma once

#include <moe/op/e4m3_rows.hpp>
#include <moe/op/gemm_left.cpu.hpp>
#include <moe/op/quantise.cpu.hpp>

namespace moe::op::detail {

template <class Isa> using e4m3_meeting = meeting<Isa, bfloat16, bfloat16>;

// scale * code for sixteen codes. The hardware's half precision holds all of them: an e4m3 with its
// exponent's bias of 7 for 15 is 2^-8 of itself, subnormals included. NaN comes from the scale.
template <class Isa, class Count>
MOE_INLINE lanes<Isa> times_scale(const e4m3* code, Count n, float scale) {
    return decode_lanes<e4m3, Isa>(load_codes<e4m3, Isa>(code, n)) * lanes<Isa>::splat(scale);
}
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__)
template <class Isa, class Count>
requires one_register<Isa> MOE_INLINE lanes<Isa> times_scale(const e4m3* code, Count n,
                                                             float scale) {
    __m128i bytes;
    if constexpr (std::is_same_v<Count, all_lanes>)
        bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(code));
    else
        bytes = _mm_maskz_loadu_epi8(lanes<Isa>::first_mask(n.count), code);
    const __m256i moved = _mm256_maskz_slli_epi16(0xFFFF, _mm256_cvtepi8_epi16(bytes), 7);
    const __m256i halves = _mm256_and_si256(moved, _mm256_set1_epi16(short(0xBF80)));
    return lanes<Isa>{_mm512_maskz_cvtph_ps(0xFFFF, halves)} * lanes<Isa>::splat(scale * 0x1p8F);
}
#endif

// Sixteen numbers of row i (of 'from', not picked) from column j on, a multiple of sixteen.
template <class Isa, class Count>
MOE_INLINE lanes<Isa> operand_at(const rows<const bfloat16>& x, int i, int j, Count n) {
    return load<lanes<Isa>>(x[i] + j, n);
}
template <class Isa, class Format, class Scaling, class Count>
MOE_INLINE lanes<Isa> operand_at(const quantised<const Format, Scaling>& x, int i, int j, Count n) {
    static_assert(Scaling::rows == 1 && Scaling::columns % lane_count == 0);
    const float scale = x.scale_of(i, j);
    if constexpr (std::is_same_v<Format, e4m3>)
        return times_scale<Isa>(x.code[i] + j, n, scale);
    else
        return decode_lanes<Format, Isa>(
                   load_codes<Format, Isa>(x.code[i] + j / storage<Format>::numbers, n)) *
               lanes<Isa>::splat(scale);
}

// Rounding to e4m3 times a scale, in place: magic numbers whose last place is the step of the
// number's own binade (Dekker's trick, one for each lane).
template <class Isa> struct e4m3_rounding {
    lanes<Isa> inverse, scale;

    MOE_INLINE lanes<Isa> operator()(lanes<Isa> x) const {
        using w = words<Isa>;
        const lanes<Isa> y = x * inverse;
        const w exponent =
            max(w::of(y) & w::splat(0x7F800000), w::splat(std::uint32_t(e4m3::lowest) << 23));
        // 1.5 * 2^(exponent + 20)
        const lanes<Isa> magic = (exponent + w::splat((20U << 23) | 0x400000U)).floats();
        return (y + magic - magic) * scale;
    }
};
// Of sixteen tiles, from the largest bits without sign: power_of_two_scale::choose<e4m3>.
template <class Isa> MOE_INLINE e4m3_rounding<Isa> rounding_for(words<Isa> most) {
    using w = words<Isa>;
    constexpr auto largest = std::bit_cast<std::uint32_t>(float(e4m3::largest()));
    const w at_least = max(most, w::splat(std::bit_cast<std::uint32_t>(smallest_amax)));
    const w above = at_least + w::splat(0x7FFFFFU - (largest & 0x7FFFFFU));
    const w power =
        (above & w::splat(0x7F800000)) + w::splat(0x3F800000U - (largest & 0x7F800000U));
    const w finite = w::splat(0x7F800000), nothing = w::splat(0x7FC00000);
    return {where_less(most, finite, w::splat(0x7F000000) - power, nothing).floats(),
            where_less(most, finite, power, nothing).floats()};
}

// What a vector of words holds: its largest bits, and all of it rounded.
template <class Isa> MOE_INLINE words<Isa> magnitudes(const float*, lanes<Isa> v) {
    return words<Isa>::of(v) & words<Isa>::splat(0x7FFFFFFF);
}
template <class Isa> MOE_INLINE words<Isa> magnitudes(const bfloat16_pair*, lanes<Isa> v) {
    constexpr const float* one = nullptr;
    return max(magnitudes<Isa>(one, lower(v)), magnitudes<Isa>(one, upper(v)));
}
template <class Isa>
MOE_INLINE lanes<Isa> rounded(const float*, lanes<Isa> v, const e4m3_rounding<Isa>& by) {
    return by(v);
}
template <class Isa>
MOE_INLINE lanes<Isa> rounded(const bfloat16_pair*, lanes<Isa> v, const e4m3_rounding<Isa>& by) {
    return paired(by(lower(v)), by(upper(v)));
}

// Tiles down the columns: one cut of at most a tile of numbers, so many rows of words.
template <class Isa, class Word>
void round_columns(Word* at, std::ptrdiff_t stride, int words_down, int width) {
    using vector = lanes<Isa>;
    sweep(width, [&](int j, auto n) {
        words<Isa> most = words<Isa>::splat(0);
        for (int i = 0; i < words_down; ++i)
            most = max(most, magnitudes<Isa>(at, load<vector>(at + i * stride + j, n)));
        const e4m3_rounding<Isa> by = rounding_for<Isa>(most);
        for (int i = 0; i < words_down; ++i) {
            Word* const here = at + i * stride + j;
            store(here, n, rounded<Isa>(at, load<vector>(here, n), by));
        }
    });
}
// Tiles along a row of words.
template <class Isa, class Word> void round_row(Word* at, int words_along) {
    using vector = lanes<Isa>;
    constexpr int tile = e4m3_meeting<Isa>::words(e4m3_tile);
    for (int first = 0; first < words_along; first += tile, at += tile) {
        const int count = smaller(tile, words_along - first);
        words<Isa> most = words<Isa>::splat(0);
        sweep(count, [&](int j, auto n) {
            most = max(most, magnitudes<Isa>(at, load<vector>(at + j, n)));
        });
        const e4m3_rounding<Isa> by = rounding_for<Isa>(words<Isa>::splat(largest(most)));
        sweep(count, [&](int j, auto n) {
            store(at + j, n, rounded<Isa>(at, load<vector>(at + j, n), by));
        });
    }
}

// Columns [k, k + steps) of row i as words.
template <class Isa, class Source, class Word>
void copy_along(Word* to, const Source& from, int i, int k, int steps) {
    using meet = e4m3_meeting<Isa>;
    if constexpr (std::is_same_v<Word, bfloat16_pair>) {
        if (steps % 2 != 0) to[steps / 2].odd = bfloat16(0.0F);
        sweep(steps, [&](int j, auto n) {
            store(reinterpret_cast<bfloat16*>(to) + j, n, operand_at<Isa>(from, i, k + j, n));
        });
    } else {
        int j = 0;
        for (; j + lane_count <= steps; j += lane_count)
            swap_pairs(operand_at<Isa>(from, i, k + j, all_lanes{})).store(to + j);
        if (j < steps)
            swap_pairs(operand_at<Isa>(from, i, k + j, first_lanes{steps - j}))
                .store_first(to + j, meet::words(steps) - j);
    }
}
// Word 'which' of a cut of 'steps' rows that begins at row 'first', for every column.
template <class Isa, class Source, class Word>
void copy_down(Word* to, const e4m3_rows<Source>& from, int first, int which, int steps, int column,
               int width) {
    using vector = lanes<Isa>;
    using meet = e4m3_meeting<Isa>;
    const auto copy = [&](const auto& word_at) {
        sweep(width, [&](int j, auto n) { store(to + j, n, word_at(column + j, n)); });
    };
    const auto row = [&](int number) { return from.row(first + number); };
    if constexpr (std::is_same_v<Word, bfloat16_pair>) {
        const int even = row(2 * which);
        if (2 * which + 1 < steps)
            copy([&, odd = row(2 * which + 1)](int j, auto n) {
                return paired(operand_at<Isa>(from.from, even, j, n),
                              operand_at<Isa>(from.from, odd, j, n));
            });
        else
            copy([&](int j, auto n) {
                return paired(operand_at<Isa>(from.from, even, j, n), vector::splat(0.0F));
            });
    } else if (meet::number(which) < steps) {
        copy([&, i = row(meet::number(which))](int j, auto n) {
            return operand_at<Isa>(from.from, i, j, n);
        });
    } else {
        copy([&](int, auto) { return vector::splat(0.0F); });
    }
}

}  // namespace moe::op::detail
