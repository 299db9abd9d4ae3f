// SPDX-License-Identifier: MIT
// The right operand of a matrix product, panel by panel: at(copy, block, column, width, k, steps)
// is the panel of 'width' columns from 'column' on and of the summed indices from k on. Where it is
// the last of its block, 'next' is the first one behind the cut; behind the last cut of a stack of
// weights that is the next expert's. T, Word and their order: gemm_left.cpu.hpp.
#pragma once

#include <moe/op/gemm_left.cpu.hpp>
#include <moe/op/pack.hpp>

namespace moe::op::detail {

template <class Word> struct panel_copy { alignas(64) Word at[copied_cut * panel_width]; };

// The panel of a packed weight of so many words a row, where it lies. k, steps: in words.
template <class Word>
right_rows<Word> panel_in_place(const Word* packed, int out, int words, block b, int column,
                                int width, int k, int steps) {
    const panel p = panel_of(column, out, words), first = panel_of(b.column, out, words);
    const Word* next = packed + p.at + std::ptrdiff_t(p.width) * words;
    if (column + width < b.column + b.columns)
        next += std::ptrdiff_t(k) * panel_width;
    else if (k + steps < words)
        next = packed + first.at + std::ptrdiff_t(k + steps) * first.width;
    return {packed + p.at + std::ptrdiff_t(k) * p.width, p.width, next, panel_width};
}

// A packed weight (out, in), summed over 'in'.
template <class Isa, class T, class Other> struct packed_panels;

// Of floats: read in place.
template <class Isa, class Other> struct packed_panels<Isa, float, Other> {
    using meet = meeting<Isa, Other, float>;
    static constexpr bool fetches = true;
    static constexpr int cut = std::is_same_v<Other, float> ? 512 : copied_cut;
    using copy = no_copy;

    const float* packed;
    int out, in;

    right_rows<float> at(copy&, block b, int column, int width, int k, int steps) const {
        return panel_in_place(packed, out, in, b, column, width, k, steps);
    }
};

// Of bfloat16: pairs, read in place or widened. Where no packed copy is resident the weight's own
// rows are turned over square by square.
template <class Isa> struct packed_panels<Isa, bfloat16, bfloat16> {
    using meet = meeting<Isa, bfloat16, bfloat16>;
    using word = typename meet::word;
    static constexpr bool in_place = std::is_same_v<word, bfloat16_pair>;
    static constexpr bool fetches = in_place;
    static constexpr int cut = copied_cut;
    using copy = panel_copy<word>;

    const bfloat16* packed;
    int out, in;
    const bfloat16* unpacked = nullptr;

    right_rows<word> at(copy& to, block b, int column, int width, int k, int steps) const {
        if (!packed) {
            const rows<const bfloat16> all(unpacked, out, in);
            turn(to.at, all.part(column, width).columns(k, steps));
            return {to.at, panel_width, to.at, 0};
        }
        const auto here =
            panel_in_place(reinterpret_cast<const bfloat16_pair*>(packed), out, ceil_divide(in, 2),
                           b, column, width, k / 2, ceil_divide(steps, 2));
        if constexpr (in_place) {
            return here;
        } else {
            widen(to.at, here.at, int(here.step), ceil_divide(steps, 2));
            return {to.at, here.step, to.at, 0};
        }
    }

private:
    using vector = lanes<Isa>;

    static void widen(float* to, const bfloat16_pair* from, int width, int pairs) {
        for (int i = 0; i < pairs; ++i, from += width, to += 2 * width)
            sweep(width, [&](int j, auto n) {
                const vector both = load<vector>(from + j, n);
                store(to + j, n, upper(both));
                store(to + width + j, n, lower(both));
            });
    }
    // Sixteen outputs by as many pairs of inputs; an odd last input has zeros beside it.
    static void turn(word* to, rows<const bfloat16> w) {
        const int whole = w.width / 2;
        for (int o = 0; o < w.count; o += lane_count) {
            const int outputs = smaller(lane_count, w.count - o);
            for (int p = 0; p < whole; p += lane_count) {
                vector square[lane_count];
                const int pairs = smaller(lane_count, whole - p);
                for (int r = 0; r < lane_count; ++r) {
                    const auto* const from =
                        reinterpret_cast<const bfloat16_pair*>(w[o + r] + 2 * p);
                    square[r] = r >= outputs          ? vector::splat(0.0F)
                                : pairs == lane_count ? vector::load(from)
                                                      : vector::load_first(from, pairs);
                }
                transpose(square);
                for (int r = 0; r < pairs; ++r) store_pairs(to, p + r, o, square[r]);
            }
            if (w.width % 2 != 0) {
                alignas(64) bfloat16_pair last[lane_count] = {};
                for (int r = 0; r < outputs; ++r) last[r].even = w(o + r, w.width - 1);
                store_pairs(to, whole, o, vector::load(last));
            }
        }
    }
    static void store_pairs(word* to, int pair, int column, vector both) {
        if constexpr (in_place) {
            both.store(to + pair * panel_width + column);
        } else {
            upper(both).store(to + 2 * pair * panel_width + column);
            lower(both).store(to + (2 * pair + 1) * panel_width + column);
        }
    }
};

// A weight (out, in) of bfloat16, summed over 'out': from its copy across, from its own rows or,
// where only the packed copy is resident, from that one, turned over square by square.
template <class Isa> struct panels_back {
    using meet = meeting<Isa, bfloat16, bfloat16>;
    using word = typename meet::word;
    using from_across = packed_panels<Isa, bfloat16, bfloat16>;
    static constexpr bool fetches = from_across::fetches;
    static constexpr int cut = copied_cut;
    using copy = panel_copy<word>;

    const bfloat16 *across, *packed;
    int out, in;
    const bfloat16* unpacked = nullptr;

    right_rows<word> at(copy& to, block b, int column, int width, int k, int steps) const {
        if (across) return from_across{across, in, out}.at(to, b, column, width, k, steps);
        if (unpacked) {
            const picked<bfloat16> from(rows<const bfloat16>(unpacked, out, in));
            for (int i = 0; i < meet::words(steps); ++i)
                row_of_words<Isa, bfloat16, bfloat16>(from, k, i, steps)
                    .copy(to.at + i * panel_width, column, width);
            return {to.at, panel_width, to.at, 0};
        }
        for (int o = k; o < k + steps; o += lane_count)
            for (int i = 0; i < width; i += 2 * lane_count)
                turn(to, o, smaller(lane_count, k + steps - o), o - k, column + i,
                     smaller(2 * lane_count, width - i), i);
        if constexpr (!from_across::in_place)
            if (steps % 2 != 0)
                for (int j = 0; j < panel_width; ++j) to.at[(steps - 1) * panel_width + j] = 0;
        return {to.at, panel_width, to.at, 0};
    }

private:
    // Sixteen outputs by as many pairs of inputs: rows of pairs become rows of numbers.
    void turn(copy& to, int output, int outputs, int step, int input, int inputs, int j) const {
        using vector = lanes<Isa>;
        const panel p = panel_of(output, out, ceil_divide(in, 2));
        const auto* const from = reinterpret_cast<const bfloat16_pair*>(packed) + p.at +
                                 (output - p.first) + std::ptrdiff_t(input / 2) * p.width;
        vector square[lane_count];
        for (int r = 0; r < lane_count; ++r)
            square[r] = 2 * r < inputs
                            ? vector::load_first(from + std::ptrdiff_t(r) * p.width, outputs)
                            : vector::splat(0.0F);
        transpose(square);
        const auto first = [&](int r) {
            return interleave_low(lower(square[r]), upper(square[r]));
        };
        const auto second = [&](int r) {
            return interleave_high(lower(square[r]), upper(square[r]));
        };
        if constexpr (from_across::in_place) {
            for (int r = 0; r < outputs; r += 2) {
                word* const line = to.at + (step + r) / 2 * panel_width + j;
                paired(first(r), first(r + 1)).store(line);
                paired(second(r), second(r + 1)).store(line + lane_count);
            }
        } else {
            for (int r = 0; r < outputs; ++r) {
                float* const line = to.at + meet::number(step + r) * panel_width + j;
                first(r).store(line);
                second(r).store(line + lane_count);
            }
        }
    }
};

// The transpose of 'from' (a weight without a packed copy), packed on the way.
template <class Isa, class Other> struct panels_of {
    using meet = meeting<Isa, Other, float>;
    static constexpr bool fetches = true;
    static constexpr int cut = copied_cut;
    using copy = panel_copy<float>;

    rows<const float> from;

    right_rows<float> at(copy& to, block, int column, int width, int k, int steps) const {
        pack_panel<Isa>(to.at, from, {column, width, 0}, k, k + steps);
        return {to.at, width, from[column] + k + steps, from.stride};
    }
};

// Rows with the summed index down, in place or through an index. A panel of floats that is read
// often is copied if it then fits the first cache, or if its rows are a power of two apart and
// would share the sets of the second one; others always, as words.
template <class Isa, class T, class Other> struct rows_across {
    using meet = meeting<Isa, Other, T>;
    using word = typename meet::word;
    static constexpr bool fetches = true;
    // A panel of words that is copied anyway had better fit the first cache.
    static constexpr int cut = std::is_same_v<T, word> ? copied_cut : copied_cut / 2;
    using copy = panel_copy<word>;

    picked<T> from;
    int first = 0;  // of the rows of 'from'

    explicit rows_across(picked<T> from, int first = 0) : from(from), first(first) {}

    right_rows<word> at(copy& to, block b, int column, int width, int k, int steps) const {
        if constexpr (std::is_same_v<T, word>) {
            const std::ptrdiff_t stride = from.from.stride;
            const float* const here = from[first + k] + column;
            const float* const behind = from.from.at + (first + k + steps) * stride + b.column;
            const float* const next =
                column + width < b.column + b.columns ? here + panel_width : behind;
            const bool copies = b.rows >= 8 * tile_rows && (steps <= 64 || stride % 1024 == 0);
            if (!from.index && !copies) return {here, stride, next, stride};
            for (int i = 0; i < steps; ++i) {
                const float* const row = from[first + k + i] + column;
                sweep(width, [&](int j, auto n) {
                    store(to.at + i * panel_width + j, n, load<lanes<Isa>>(row + j, n));
                });
            }
            return {to.at, panel_width, next, stride};
        } else {
            for (int i = 0; i < meet::words(steps); ++i)
                row_of_words<Isa, T, Other>(from, first + k, i, steps)
                    .copy(to.at + i * panel_width, column, width);
            return {to.at, panel_width, to.at, 0};
        }
    }
};

}  // namespace moe::op::detail
