// SPDX-License-Identifier: MIT
// How the operands of a matrix product lie in memory, and which of them are copied on the way: what
// a block reads many times in an order that the caches dislike.
#pragma once

#include <moe/op/gemm_tile.cpu.hpp>
#include <moe/op/pack.hpp>

#include <cstring>

namespace moe::op::detail {

// The largest block of a result, and the longest cut of the summed index whose operands are copied.
inline constexpr int most_strips = 32, most_panels = 16, copied_cut = 256;

// A block of the result.
struct block {
    int row, rows, column, columns;
};

// The rows of a block in strips of at most a tile's rows, their sizes differing by one at most.
struct strips {
    int count, size, longer;

    constexpr explicit strips(int rows)
        : count(ceil_divide(rows, tile_rows)),
          size(count ? rows / count : 0),
          longer(count ? rows % count : 0) {}
    constexpr int rows(int strip) const { return size + (strip < longer); }
};

struct no_copy {};

// Left: rows with the summed index along them, in place or through an index.
struct rows_along {
    picked<float> from;
    int first = 0;  // of the rows of 'from'

    using copy = no_copy;
    void prepare(copy&, block, int, int) {}
    template <int Rows> MOE_INLINE left_rows<Rows> at(int, int row, int k) const {
        left_rows<Rows> left;
        MOE_UNROLL
        for (int r = 0; r < Rows; ++r) left.row[r] = from[first + row + r] + k;
        left.step = 1;
        return left;
    }
};

// Left: the transpose of 'from' (summed index down its rows, which may be picked). Each strip is
// copied, eight numbers a step, so that a tile reads whole cache lines in order.
struct rows_down {
    picked<float> from;
    int first = 0;  // of the rows of 'from'

    static constexpr int wide = 8;
    // A strip's copy ends a cache line further than a power of two: strips do not share cache sets.
    static constexpr int strip_size = copied_cut * wide + lane_count;
    struct copy {
        alignas(64) float at[most_strips * strip_size];
    };

    void prepare(copy& to, block b, int k, int steps) {
        copied = to.at;
        const strips parts(b.rows);
        // Strips behind which a row has eight numbers are copied so many at once.
        int begin[most_strips], whole = 0;
        for (int s = 0, at = b.row; s < parts.count; at += parts.rows(s++)) {
            begin[s] = at;
            if (at + wide <= from.from.width) whole = s + 1;
        }
        for (int i = 0; i < steps; ++i) {
            const float* const row = from[first + k + i];
            float* strip = to.at + i * wide;
            int s = 0;
            for (; s < whole; ++s, strip += strip_size)
                std::memcpy(strip, row + begin[s], wide * sizeof(float));
            for (; s < parts.count; ++s, strip += strip_size)
                for (int r = 0; r < parts.rows(s); ++r) strip[r] = row[begin[s] + r];
        }
    }
    template <int Rows> MOE_INLINE left_rows<Rows> at(int strip, int, int) const {
        left_rows<Rows> left;
        MOE_UNROLL
        for (int r = 0; r < Rows; ++r) left.row[r] = copied + strip * strip_size + r;
        left.step = wide;
        return left;
    }

    const float* copied = nullptr;
};

// Right operands: at<Isa>(copy, block, column, width, k, steps) is the panel of 'width' columns
// from 'column' on and of the summed indices from k on. Where it is the last of its block, 'next'
// is the first one behind the cut; behind the last cut of a stack of weights that is the next
// expert's.

// Right: a packed weight, read in place.
struct packed_panels {
    const float* packed;
    int out, in;

    static constexpr int cut = 512;
    using copy = no_copy;
    template <class Isa>
    right_rows at(copy&, block b, int column, int width, int k, int steps) const {
        const panel p = panel_of(column, out, in), first = panel_of(b.column, out, in);
        const float* next = packed + p.at + std::ptrdiff_t(p.width) * in;
        if (column + width < b.column + b.columns)
            next += std::ptrdiff_t(k) * panel_width;
        else if (k + steps < in)
            next = packed + first.at + std::ptrdiff_t(k + steps) * first.width;
        return {packed + p.at + std::ptrdiff_t(k) * p.width, p.width, next, panel_width};
    }
};

struct panel_copy {
    alignas(64) float at[copied_cut * panel_width];
};

// Right: the transpose of 'from' (a weight without a packed copy), packed on the way.
struct panels_of {
    rows<const float> from;

    static constexpr int cut = copied_cut;
    using copy = panel_copy;
    template <class Isa>
    right_rows at(copy& to, block, int column, int width, int k, int steps) const {
        pack_panel<Isa>(to.at, from, {column, width, 0}, k, k + steps);
        return {to.at, width, from[column] + k + steps, from.stride};
    }
};

// Right: rows with the summed index down, in place or through an index. A panel that is read often
// is copied if it then fits the first cache, or if its rows are a power of two apart and would
// share the sets of the second one.
struct rows_across {
    picked<float> from;
    int first = 0;  // of the rows of 'from'

    static constexpr int cut = copied_cut;
    using copy = panel_copy;
    template <class Isa>
    right_rows at(copy& to, block b, int column, int width, int k, int steps) const {
        const std::ptrdiff_t stride = from.from.stride;
        const float* const here = from[first + k] + column;
        const float* const behind = from.from.at + (first + k + steps) * stride + b.column;
        const float* const next =
            column + width < b.column + b.columns ? here + panel_width : behind;
        const bool copies = b.rows >= 8 * tile_rows && (steps <= 64 || stride % 1024 == 0);
        if (!from.index && !copies) return {here, stride, next, stride};
        for (int i = 0; i < steps; ++i) {
            const float* const row = from[first + k + i] + column;
            float* const line = to.at + i * panel_width;
            int j = 0;
            for (; j + lane_count <= width; j += lane_count)
                lanes<Isa>::load(row + j).store(line + j);
            if (j < width) lanes<Isa>::load_first(row + j, width - j).store(line + j);
        }
        return {to.at, panel_width, next, stride};
    }
};

}  // namespace moe::op::detail
