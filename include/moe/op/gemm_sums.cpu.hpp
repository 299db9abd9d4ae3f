// SPDX-License-Identifier: MIT
// Where the sums of a product go: into a matrix, or on top of what is there. Between two cuts of
// the summed index they wait as floats: in the matrix itself if it holds such, otherwise in a copy
// of the block.
#pragma once

#include <moe/op/gemm_tile.cpu.hpp>

namespace moe::op::detail {

// The largest block of a result whose sums wait elsewhere.
inline constexpr int most_strips = 32, most_panels = 16, most_waiting_panels = 4;

// A block of the result.
struct block {
    int row, rows, column, columns;
};

struct no_copy {};

// While a tile is computed the one below it comes into the first cache.
template <class Tile, class T> MOE_INLINE void fetch_below(rows<T> c, int row, int column) {
    if (row + 2 * Tile::rows > c.count) return;
    constexpr int line = 64 / sizeof(T);
    T* below = c[row + Tile::rows] + column;
    MOE_UNROLL
    for (int r = 0; r < Tile::rows; ++r, below = pinned(below + c.stride)) {
        MOE_UNROLL
        for (int j = 0; j < Tile::vectors * lane_count; j += line) __builtin_prefetch(below + j, 1);
    }
}

struct waiting_sums {
    static constexpr int width = most_waiting_panels * 4 * lane_count;
    alignas(64) float at[most_strips * tile_rows * width];
};

// Sums of a block that is narrower than its result, between the cuts.
struct waits_apart {
    using copy = waiting_sums;
    float* waiting = nullptr;

    void prepare(copy& memory, block b) {
        waiting = memory.at - std::ptrdiff_t(b.row) * copy::width - b.column;
    }
    float* at(int row, int column) const {
        return waiting + std::ptrdiff_t(row) * waiting_sums::width + column;
    }
    template <class Tile> MOE_INLINE void begin(Tile& t, int row, int column, bool first) const {
        if (first)
            t.clear();
        else
            t.load(at(row, column), waiting_sums::width);
    }
};

// Into c.
template <class T> struct sums_into : waits_apart {
    static constexpr bool fetches = true;
    rows<T> c;

    explicit sums_into(rows<T> c) : c(c) {}
    template <class Tile> MOE_INLINE void begin(Tile& t, int row, int column, bool first) const {
        waits_apart::begin(t, row, column, first);
        fetch_below<Tile>(c, row, column);
    }
    template <class Tile> MOE_INLINE void end(Tile& t, int row, int column, bool last) const {
        if (last)
            t.store(c[row] + column, c.stride);
        else
            t.store(at(row, column), waiting_sums::width);
    }
};
template <> struct sums_into<float> {
    static constexpr bool fetches = true;
    using copy = no_copy;
    rows<float> c;

    explicit sums_into(rows<float> c) : c(c) {}
    void prepare(copy&, block) {}
    template <class Tile> MOE_INLINE void begin(Tile& t, int row, int column, bool first) const {
        if (first)
            t.clear();
        else
            t.load(c[row] + column, c.stride);
        fetch_below<Tile>(c, row, column);
    }
    template <class Tile> MOE_INLINE void end(Tile& t, int row, int column, bool) const {
        t.store(c[row] + column, c.stride);
    }
};

// On top of what is in c: one rounding of the whole sum for T's narrower than float.
template <class T> struct sums_onto : waits_apart {
    static constexpr bool fetches = false;
    rows<T> c;

    explicit sums_onto(rows<T> c) : c(c) {}
    template <class Tile> MOE_INLINE void end(Tile& t, int row, int column, bool last) const {
        if (last) {
            t.add_from(c[row] + column, c.stride);
            t.store(c[row] + column, c.stride);
        } else {
            t.store(at(row, column), waiting_sums::width);
        }
    }
};
template <> struct sums_onto<float> {
    static constexpr bool fetches = false;
    using copy = no_copy;
    rows<float> c;

    explicit sums_onto(rows<float> c) : c(c) {}
    void prepare(copy&, block) {}
    template <class Tile> MOE_INLINE void begin(Tile& t, int row, int column, bool) const {
        t.load(c[row] + column, c.stride);
        fetch_below<Tile>(c, row, column);
    }
    template <class Tile> MOE_INLINE void end(Tile& t, int row, int column, bool) const {
        t.store(c[row] + column, c.stride);
    }
};

}  // namespace moe::op::detail
