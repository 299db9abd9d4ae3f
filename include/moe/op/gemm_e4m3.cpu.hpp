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

// Row i of a source (not picked), sixteen numbers at a time. Numbers share a scale, or have none,
// from one multiple of 'together' to the next: 'tile' says which, 'at' reads.
template <class Isa, class Source> struct row_reader;
template <class Isa> struct row_reader<Isa, rows<const bfloat16>> {
    static constexpr int together = 1 << 30;
    const bfloat16* row;

    row_reader(const rows<const bfloat16>& x, int i) : row(x[i]) {}
    void tile(int) {}
    template <class Count> MOE_INLINE lanes<Isa> at(int j, Count n) const {
        return load<lanes<Isa>>(row + j, n);
    }
};
template <class Isa, class Format, class Scaling>
struct row_reader<Isa, quantised<const Format, Scaling>> {
    static_assert(Scaling::rows == 1 && Scaling::columns % lane_count == 0 &&
                  std::is_same_v<typename Scaling::order, scales_by_row>);
    static constexpr int together = Scaling::columns;
    const stored<Format>* row;
    const typename Scaling::number* scales;
    float scale = 0;

    row_reader(const quantised<const Format, Scaling>& x, int i)
        : row(x.code[i]), scales(x.scale + std::ptrdiff_t(i) * x.tile_columns()) {}
    void tile(int j) { scale = scales[j / together]; }
    template <class Count> MOE_INLINE lanes<Isa> at(int j, Count n) const {
        if constexpr (std::is_same_v<Format, e4m3>)
            return times_scale<Isa>(row + j, n, scale);
        else
            return decode_lanes<Format, Isa>(
                       load_codes<Format, Isa>(row + j / storage<Format>::numbers, n)) *
                   lanes<Isa>::splat(scale);
    }
};
// work(j, n) for columns [column, column + width), j from 0 on, with all readers at their tiles.
template <class Reader, class Work, class... More>
MOE_INLINE void sweep_tiles(int column, int width, const Work& work, Reader& reader,
                            More&... more) {
    for (int first = 0, next; first < width; first = next) {
        const int left = Reader::together - (column + first) % Reader::together;
        next = first + smaller(left, width - first);
        reader.tile(column + first);
        (more.tile(column + first), ...);
        sweep(next - first, [&](int j, auto n) { work(first + j, n); });
    }
}

// The scales of sixteen tiles from their largest bits without sign: power_of_two_scale, bit by bit.
template <class Isa> MOE_INLINE words<Isa> powers_for(words<Isa> most) {
    using w = words<Isa>;
    constexpr auto top = std::bit_cast<std::uint32_t>(float(e4m3::largest()));
    const w at_least = max(most, w::splat(std::bit_cast<std::uint32_t>(smallest_amax)));
    const w above = at_least + w::splat(0x7FFFFFU - (top & 0x7FFFFFU));
    return (above & w::splat(0x7F800000)) + w::splat(0x3F800000U - (top & 0x7F800000U));
}
// To the nearest multiple of the step of each number's binade, at least of that of 2^lowest: a
// number whose last place is that step is added and subtracted (Dekker's trick, lane by lane).
template <class Isa> MOE_INLINE lanes<Isa> to_steps(lanes<Isa> x, words<Isa> lowest) {
    using w = words<Isa>;
    const w exponent = max(w::of(x) & w::splat(0x7F800000), lowest);
    // 1.5 * 2^(exponent + 20)
    const lanes<Isa> magic = (exponent + w::splat((20U << 23) | 0x400000U)).floats();
    return x + magic - magic;
}

// Numbers become the nearest e4m3 times the scale of their tile. Tiles whose largest number is
// smaller than 2^100:
template <class Isa> struct near_rounding {
    words<Isa> lowest;  // of e4m3's smallest normal number times the scale

    static bool fits(words<Isa> most) { return largest(most) < (127U + 100U) << 23; }
    static MOE_INLINE near_rounding of(words<Isa> most) {
        return {powers_for<Isa>(most) - words<Isa>::splat(std::uint32_t(127 - e4m3::lowest) << 23)};
    }
    MOE_INLINE lanes<Isa> operator()(lanes<Isa> x) const { return to_steps(x, lowest); }
};
// Any, also what is not finite.
template <class Isa> struct far_rounding {
    lanes<Isa> inverse, scale;

    explicit MOE_INLINE far_rounding(words<Isa> most) {
        using w = words<Isa>;
        const w power = powers_for<Isa>(most), finite = w::splat(0x7F800000);
        const w nothing = w::splat(0x7FC00000);
        inverse = where_less(most, finite, w::splat(0x7F000000) - power, nothing).floats();
        scale = where_less(most, finite, power, nothing).floats();
    }
    MOE_INLINE lanes<Isa> operator()(lanes<Isa> x) const {
        const auto lowest = words<Isa>::splat(std::uint32_t(e4m3::lowest) << 23);
        return to_steps(x * inverse, lowest) * scale;
    }
};

// What a vector of words holds: its largest bits, and all of it rounded.
template <class Isa> MOE_INLINE words<Isa> magnitudes(const float*, lanes<Isa> v) {
    return words<Isa>::of(v) & words<Isa>::splat(0x7FFFFFFF);
}
template <class Isa> MOE_INLINE words<Isa> magnitudes(const bfloat16_pair*, lanes<Isa> v) {
    constexpr const float* one = nullptr;
    return max(magnitudes<Isa>(one, lower(v)), magnitudes<Isa>(one, upper(v)));
}
template <class Isa, class By>
MOE_INLINE lanes<Isa> rounded(const float*, lanes<Isa> v, const By& by) {
    return by(v);
}
template <class Isa, class By>
MOE_INLINE lanes<Isa> rounded(const bfloat16_pair*, lanes<Isa> v, const By& by) {
    return paired(by(lower(v)), by(upper(v)));
}

// Tiles down the columns: one cut of at most a tile of numbers, so many rows of words. Row by row,
// as the caches like it.
template <class Isa, class Word>
void round_columns(Word* at, std::ptrdiff_t stride, int words_down, int width) {
    using vector = lanes<Isa>;
    constexpr int widest = most_strips * tile_rows / lane_count;
    MOE_CHECK(width, <=, widest * lane_count);
    const auto each = [&](const auto& work) {
        for (int i = 0; i < words_down; ++i) {
            Word* const row = at + i * stride;
            sweep(width, [&](int j, auto n) { work(row + j, n, j / lane_count); });
        }
    };
    words<Isa> most[widest], all = words<Isa>::splat(0);
    for (int i = 0; i < ceil_divide(width, lane_count); ++i) most[i] = all;
    each([&](const Word* here, auto n, int which) {
        most[which] = max(most[which], magnitudes<Isa>(at, load<vector>(here, n)));
    });
    for (int i = 0; i < ceil_divide(width, lane_count); ++i) all = max(all, most[i]);
    const auto round = [&](const auto& by) {
        each([&](Word* here, auto n, int which) {
            store(here, n, rounded<Isa>(at, load<vector>(here, n), by(which)));
        });
    };
    if (!near_rounding<Isa>::fits(all))
        return round([&](int which) { return far_rounding<Isa>(most[which]); });
    for (int i = 0; i < ceil_divide(width, lane_count); ++i)
        most[i] = near_rounding<Isa>::of(most[i]).lowest;
    round([&](int which) { return near_rounding<Isa>{most[which]}; });
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
        most = words<Isa>::splat(largest(most));
        const auto round = [&](const auto& by) {
            sweep(count, [&](int j, auto n) {
                store(at + j, n, rounded<Isa>(at, load<vector>(at + j, n), by));
            });
        };
        if (near_rounding<Isa>::fits(most))
            round(near_rounding<Isa>::of(most));
        else
            round(far_rounding<Isa>(most));
    }
}

// Columns [k, k + steps) of row i as words.
template <class Isa, class Source, class Word>
void copy_along(Word* to, const Source& from, int i, int k, int steps) {
    using meet = e4m3_meeting<Isa>;
    row_reader<Isa, Source> row(from, i);
    if constexpr (std::is_same_v<Word, bfloat16_pair>) {
        if (steps % 2 != 0) to[steps / 2].odd = bfloat16(0.0F);
        sweep_tiles(
            k, steps,
            [&](int j, auto n) { store(reinterpret_cast<bfloat16*>(to) + j, n, row.at(k + j, n)); },
            row);
    } else {
        sweep_tiles(
            k, steps,
            [&](int j, auto n) {
                const lanes<Isa> words_here = swap_pairs(row.at(k + j, n));
                if constexpr (std::is_same_v<decltype(n), all_lanes>)
                    words_here.store(to + j);
                else
                    words_here.store_first(to + j, meet::words(n.count));
            },
            row);
    }
}
// Word 'which' of a cut of 'steps' rows that begins at row 'first', for every column.
template <class Isa, class Source, class Word>
void copy_down(Word* to, const e4m3_rows<Source>& from, int first, int which, int steps, int column,
               int width) {
    using meet = e4m3_meeting<Isa>;
    using reader = row_reader<Isa, Source>;
    const auto zeros = lanes<Isa>::splat(0.0F);
    const auto row = [&](int number) { return reader(from.from, from.row(first + number)); };
    if constexpr (std::is_same_v<Word, bfloat16_pair>) {
        const bool two = 2 * which + 1 < steps;
        reader even = row(2 * which), odd = row(2 * which + two);
        sweep_tiles(
            column, width,
            [&](int j, auto n) {
                const auto other = two ? odd.at(column + j, n) : zeros;
                store(to + j, n, paired(even.at(column + j, n), other));
            },
            even, odd);
    } else if (meet::number(which) < steps) {
        reader one = row(meet::number(which));
        sweep_tiles(
            column, width, [&](int j, auto n) { store(to + j, n, one.at(column + j, n)); }, one);
    } else {
        sweep(width, [&](int j, auto n) { store(to + j, n, zeros); });
    }
}

}  // namespace moe::op::detail
