// SPDX-License-Identifier: MIT
// A tile of X W^T on Ampere's tensor cores: bf16 in, FP32 sums. Tiles of x and w come into shared
// memory by asynchronous copies, stages - 1 steps ahead of their use; what lies outside of x and w
// comes as zeros. Where rows lie is the caller's: dense, of an expert, through an index.
#pragma once

#include <moe/device/kernel.hpp>

#include <cstddef>

namespace moe::op {

// A block's tile and its pipeline: Rows x Columns of y, Depth of the width at a time; its warps
// stand as Down x Across over the tile.
template <int Rows, int Columns, int Depth, int Stages, int Down, int Across> struct gemm_tile {
    static constexpr int rows = Rows, columns = Columns, depth = Depth, stages = Stages;
    static constexpr int down = Down, across = Across, threads = 32 * Down * Across;
    static constexpr int warp_rows = Rows / Down, warp_columns = Columns / Across;
    static constexpr int shared_bytes = Stages * (Rows + Columns) * Depth * 2;

    static_assert(Depth == 32 || Depth == 64, "moe: a tile's depth is 32 or 64");
    static_assert(warp_rows % 16 == 0 && Rows % Down == 0,
                  "moe: a warp's rows are a multiple of 16");
    static_assert(warp_columns % 16 == 0 && Columns % Across == 0,
                  "moe: a warp's columns are a multiple of 16");
    static_assert(Rows * Depth / 8 % threads == 0 && Columns * Depth / 8 % threads == 0,
                  "moe: every thread copies as many pieces of 16 bytes as the others");
    static_assert(Stages >= 2 && Stages <= 4, "moe: a pipeline has 2 to 4 stages");
};

// A matrix of bf16 whose rows begin at multiples of 16 bytes.
struct bf16_rows {
    const std::uint16_t* at;
    std::ptrdiff_t stride;  // elements, a multiple of 8
};

template <class Tile> class gemm_sums {
public:
    // sums = the tile of x w^T over 'width'. x_row(i), w_row(i): row i of the tile as a number of a
    // row of x or w, negative where there is none.
    template <class Cx, class X, class W>
    MOE_DEVICE void add(Cx& cx, bf16_rows x, X&& x_row, bf16_rows w, W&& w_row, int width) {
        const int piece = cx.thread() % pieces, first = cx.thread() / pieces;
        const std::uint16_t *x_at[x_count], *w_at[w_count];
        MOE_UNROLLED
        for (int i = 0; i < x_count; ++i) x_at[i] = row_at(x, x_row(first + i * apart));
        MOE_UNROLLED
        for (int i = 0; i < w_count; ++i) w_at[i] = row_at(w, w_row(first + i * apart));
        const auto fill = [&](int step, int slot) {
            const int j = step * Tile::depth + piece * 8, left = width - j;
            const int bytes = left < 0 ? 0 : left < 8 ? 2 * left : 16;
            const std::uint32_t to = std::uint32_t(slot * slot_bytes) + swizzled(first, piece);
            MOE_UNROLLED
            for (int i = 0; i < x_count; ++i)
                copy(cx, to + std::uint32_t(i * apart * Tile::depth * 2), x, x_at[i], j, bytes);
            MOE_UNROLLED
            for (int i = 0; i < w_count; ++i)
                copy(cx, to + std::uint32_t(x_bytes + i * apart * Tile::depth * 2), w, w_at[i], j,
                     bytes);
        };

        const int steps = (width + Tile::depth - 1) / Tile::depth;
        MOE_UNROLLED
        for (int stage = 0; stage < Tile::stages - 1; ++stage) {
            if (stage < steps) fill(stage, stage);
            cx.copy_commit();
        }
        int slot = 0, slot_to_fill = Tile::stages - 1;
        MOE_ROLLED
        for (int step = 0; step < steps; ++step) {
            // The own copies of this step have landed; behind the barrier everybody's have, and
            // nobody still reads the slot that is filled next.
            cx.copy_wait(constant<Tile::stages - 2>{});
            cx.sync();
            if (step + Tile::stages - 1 < steps) fill(step + Tile::stages - 1, slot_to_fill);
            cx.copy_commit();
            multiply(cx, slot);
            slot = slot + 1 == Tile::stages ? 0 : slot + 1;
            slot_to_fill = slot_to_fill + 1 == Tile::stages ? 0 : slot_to_fill + 1;
        }
    }

    // The tile's first 'rows' rows and 'columns' columns to y, FP32 or bf16; an even stride. Four
    // lanes write eight neighbours: of FP32 a whole sector.
    template <class Cx, class Number>
    MOE_DEVICE void store(Cx& cx, Number* y, std::ptrdiff_t stride, int rows, int columns) const {
        const int lane = cx.lane();
        MOE_UNROLLED
        for (int i = 0; i < m; ++i) {
            MOE_UNROLLED
            for (int half = 0; half < 2; ++half) {
                const int row = warp_row(cx) + 16 * i + 8 * half + lane / 4;
                MOE_UNROLLED
                for (int j = 0; j < n; ++j) {
                    const int column = warp_column(cx) + 8 * j + lane % 4 * 2;
                    const float first = sum_[i][j][2 * half], second = sum_[i][j][2 * half + 1];
                    Number* const to = y + row * stride + column;
                    if (row < rows && column + 1 < columns)
                        store_two(cx, to, first, second);
                    else if (row < rows && column < columns)
                        store_one(cx, to, first);
                }
            }
        }
    }

private:
    static constexpr int pieces = Tile::depth / 8;        // of 16 bytes in a row
    static constexpr int apart = Tile::threads / pieces;  // rows between a thread's pieces
    static constexpr int x_count = Tile::rows / apart, w_count = Tile::columns / apart;
    static constexpr int m = Tile::warp_rows / 16, n = Tile::warp_columns / 8;
    static constexpr int x_bytes = Tile::rows * Tile::depth * 2;
    static constexpr int slot_bytes = x_bytes + Tile::columns * Tile::depth * 2;
    static_assert(apart % 8 == 0, "moe: the swizzle repeats after eight rows");

    template <class Cx> MOE_DEVICE static int warp_row(Cx& cx) {
        return cx.warp() / Tile::across * Tile::warp_rows;
    }
    template <class Cx> MOE_DEVICE static int warp_column(Cx& cx) {
        return cx.warp() % Tile::across * Tile::warp_columns;
    }
    // Where piece 'piece' of row 'row' of a tile lies. Eight rows of one piece lie in different
    // banks: the pieces of a row change places from line to line of 128 bytes.
    MOE_DEVICE static constexpr std::uint32_t swizzled(int row, int piece) {
        const int line = row / (8 / pieces);
        return std::uint32_t(row * pieces + (piece ^ (line % pieces))) * 16;
    }
    MOE_DEVICE static const std::uint16_t* row_at(bf16_rows from, int row) {
        return row < 0 ? nullptr : from.at + row * from.stride;
    }
    template <class Cx>
    MOE_DEVICE static void copy(Cx& cx, std::uint32_t to, bf16_rows from, const std::uint16_t* row,
                                int j, int bytes) {
        const bool inside = row != nullptr && bytes > 0;
        cx.copy_async(shared<registers<4>>{to}, inside ? row + j : from.at, inside ? bytes : 0);
    }

    template <class Cx> MOE_DEVICE void multiply(Cx& cx, int slot) {
        const int lane = cx.lane();
        const int x_row = warp_row(cx) + lane % 16;
        const int w_row = warp_column(cx) + lane / 16 * 8 + lane % 8;
        const std::uint32_t x = std::uint32_t(slot * slot_bytes), w = x + x_bytes;
        MOE_UNROLLED
        for (int k = 0; k < Tile::depth / 16; ++k) {
            std::uint32_t a[m][4], b[n / 2][4];
            MOE_UNROLLED
            for (int i = 0; i < m; ++i)
                cx.load_matrices(a[i], {x + swizzled(x_row + 16 * i, 2 * k + lane / 16)});
            MOE_UNROLLED
            for (int j = 0; j < n / 2; ++j)
                cx.load_matrices(b[j], {w + swizzled(w_row + 16 * j, 2 * k + lane / 8 % 2)});
            MOE_UNROLLED
            for (int i = 0; i < m; ++i) {
                MOE_UNROLLED
                for (int j = 0; j < n; ++j) {
                    const std::uint32_t of_tile[2] = {b[j / 2][j % 2 * 2], b[j / 2][j % 2 * 2 + 1]};
                    cx.multiply_bf16(sum_[i][j], a[i], of_tile);
                }
            }
        }
    }

    struct alignas(8) two {
        float first, second;
    };
    template <class Cx> MOE_DEVICE static void store_two(Cx& cx, float* to, float a, float b) {
        cx.store(reinterpret_cast<two*>(to), {a, b});
    }
    template <class Cx> MOE_DEVICE static void store_one(Cx& cx, float* to, float a) {
        cx.store(to, a);
    }
    template <class Cx>
    MOE_DEVICE static void store_two(Cx& cx, std::uint16_t* to, float a, float b) {
        cx.store(reinterpret_cast<std::uint32_t*>(to), cx.to_bf16(a, b));
    }
    template <class Cx> MOE_DEVICE static void store_one(Cx& cx, std::uint16_t* to, float a) {
        cx.store(to, std::uint16_t(cx.to_bf16(a, 0)));
    }

    float sum_[m][n][4] = {};
};

}  // namespace moe::op
