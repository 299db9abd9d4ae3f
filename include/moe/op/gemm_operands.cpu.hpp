// SPDX-License-Identifier: MIT
// How the operands of a matrix product lie in memory, and which of them are copied on the way: what
// a block reads many times in an order that the caches dislike.
#pragma once

#include <moe/op/gemm_tile.cpu.hpp>
#include <moe/op/pack.hpp>

#include <cstring>

namespace moe::op::detail {

inline constexpr int tile_rows = 6;
// The largest block of a result.
inline constexpr int most_strips = 32, most_panels = 16;

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

    static constexpr int cut = 256, wide = 8;
    // A strip's copy ends a cache line further than a power of two: strips do not share cache sets.
    static constexpr int strip_size = cut * wide + lane_count;
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

// Right: a packed weight, read in place.
struct packed_panels {
    const float* packed;
    int out, in;

    static constexpr int cut = 512;
    using copy = no_copy;
    template <class Isa> right_rows at(copy&, int column, int, int k, int, int) const {
        const panel p = panel_of(column, out, in);
        return {packed + p.at + std::ptrdiff_t(k) * p.width, p.width, 0};
    }
};

struct panel_copy {
    static constexpr int cut = 256;
    alignas(64) float at[cut * panel_width];
};

// Right: the transpose of 'from' (a weight without a packed copy), packed on the way.
struct panels_of {
    rows<const float> from;

    static constexpr int cut = panel_copy::cut;
    using copy = panel_copy;
    template <class Isa>
    right_rows at(copy& to, int column, int width, int k, int steps, int) const {
        pack_panel<Isa>(to.at, from, {column, width, 0}, k, k + steps);
        return {to.at, width, 0};
    }
};

// Right: rows with the summed index down, in place or through an index. A panel that is read often
// and that fits the first cache is copied: in place its rows may share the sets of the cache.
struct rows_across {
    picked<float> from;
    int first = 0;  // of the rows of 'from'

    static constexpr int cut = panel_copy::cut, rows_ahead = 8;
    using copy = panel_copy;
    template <class Isa>
    right_rows at(copy& to, int column, int width, int k, int steps, int strips) const {
        const std::ptrdiff_t stride = from.from.stride;
        const bool copies = strips >= 8 && steps <= 64;
        if (!from.index && !copies) return {from[first + k] + column, stride, rows_ahead * stride};
        for (int i = 0; i < steps; ++i) {
            const float* const row = from[first + k + i] + column;
            float* const here = to.at + i * panel_width;
            int j = 0;
            for (; j + lane_count <= width; j += lane_count)
                lanes<Isa>::load(row + j).store(here + j);
            if (j < width) lanes<Isa>::load_first(row + j, width - j).store(here + j);
        }
        return {to.at, panel_width, 0};
    }
};

}  // namespace moe::op::detail
