// SPDX-License-Identifier: MIT
// Y = X W^T on Ampere's tensor cores: bf16 in, FP32 sums.
// x: (rows, width) bf16    w: (columns, width) bf16    y: (rows, columns) FP32
// A block makes a tile of y. Tiles of x and w come into shared memory by asynchronous copies,
// Stages - 1 steps ahead of their use; what lies outside of x and w comes as zeros.
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

    static_assert(Depth == 32 || Depth == 64, "moe: a tile's depth is 32 or 64");
    static_assert(warp_rows % 16 == 0 && Rows % Down == 0,
                  "moe: a warp's rows are a multiple of 16");
    static_assert(warp_columns % 16 == 0 && Columns % Across == 0,
                  "moe: a warp's columns are a multiple of 16");
    static_assert(Rows * Depth / 8 % threads == 0 && Columns * Depth / 8 % threads == 0,
                  "moe: every thread copies as many pieces of 16 bytes as the others");
    static_assert(Stages >= 2 && Stages <= 8);
};

template <class Tile> struct gemm_kernel {
    static constexpr int threads = Tile::threads, blocks_at_once = 1;
    static constexpr int shared_bytes =
        Tile::stages * (Tile::rows + Tile::columns) * Tile::depth * 2;

    // Elements of bf16; strides in elements.
    struct parameters {
        float* y;
        const std::uint16_t *x, *w;
        int rows, columns, width;
        std::ptrdiff_t y_stride, x_stride, w_stride;
    };
    static constexpr int blocks_x(const parameters& p) {
        return (p.columns + Tile::columns - 1) / Tile::columns;
    }
    static constexpr int blocks_y(const parameters& p) {
        return (p.rows + Tile::rows - 1) / Tile::rows;
    }
    // Rows of x and w begin at multiples of 16 bytes, those of y at multiples of 8.
    static constexpr bool fits(const parameters& p) {
        return p.x_stride % 8 == 0 && p.w_stride % 8 == 0 && p.y_stride % 2 == 0;
    }

    template <class Cx> MOE_DEVICE static void run(Cx& cx, const parameters& p) {
        const int row = cx.block_y() * Tile::rows, column = cx.block_x() * Tile::columns;
        const int steps = (p.width + Tile::depth - 1) / Tile::depth;

        MOE_UNROLLED
        for (int stage = 0; stage < Tile::stages - 1; ++stage) {
            if (stage < steps) fill(cx, p, row, column, stage, stage);
            cx.copy_commit();
        }
        float sum[m][n][4] = {};
        int slot = 0, slot_to_fill = Tile::stages - 1;
        MOE_ROLLED
        for (int step = 0; step < steps; ++step) {
            // The own copies of this step have landed; behind the barrier everybody's have, and
            // nobody still reads the slot that is filled next.
            cx.copy_wait(constant<Tile::stages - 2>{});
            cx.sync();
            const int ahead = step + Tile::stages - 1;
            if (ahead < steps) fill(cx, p, row, column, ahead, slot_to_fill);
            cx.copy_commit();
            multiply(cx, sum, slot);
            slot = slot + 1 == Tile::stages ? 0 : slot + 1;
            slot_to_fill = slot_to_fill + 1 == Tile::stages ? 0 : slot_to_fill + 1;
        }
        store(cx, p, sum, row + cx.warp() / Tile::across * Tile::warp_rows,
              column + cx.warp() % Tile::across * Tile::warp_columns);
    }

private:
    static constexpr int pieces = Tile::depth / 8;  // of 16 bytes in a row
    static constexpr int m = Tile::warp_rows / 16, n = Tile::warp_columns / 8;
    static constexpr int x_bytes = Tile::rows * Tile::depth * 2;
    static constexpr int slot_bytes = x_bytes + Tile::columns * Tile::depth * 2;

    // Where piece 'piece' of row 'row' of a tile lies. Eight rows of one piece lie in different
    // banks: the pieces of a row change places from line to line of 128 bytes.
    MOE_DEVICE static constexpr std::uint32_t swizzled(int row, int piece) {
        const int line = row / (8 / pieces);
        return std::uint32_t(row * pieces + (piece ^ (line % pieces))) * 16;
    }

    template <int Count, class Cx>
    MOE_DEVICE static void fill_one(Cx& cx, const std::uint16_t* from, std::ptrdiff_t stride,
                                    int first, int count, int begin, int width, std::uint32_t to) {
        MOE_UNROLLED
        for (int i = 0; i < Count * pieces / threads; ++i) {
            const int at = cx.thread() + i * threads, row = at / pieces, piece = at % pieces;
            const int j = begin + piece * 8;
            const bool inside = first + row < count && j < width;
            const std::uint16_t* const source = inside ? from + (first + row) * stride + j : from;
            const int left = width - j < 8 ? width - j : 8;
            cx.copy_async(shared<words<4>>{to + swizzled(row, piece)}, source,
                          inside ? 2 * left : 0);
        }
    }
    template <class Cx>
    MOE_DEVICE static void fill(Cx& cx, const parameters& p, int row, int column, int step,
                                int slot) {
        const std::uint32_t to = std::uint32_t(slot * slot_bytes);
        fill_one<Tile::rows>(cx, p.x, p.x_stride, row, p.rows, step * Tile::depth, p.width, to);
        fill_one<Tile::columns>(cx, p.w, p.w_stride, column, p.columns, step * Tile::depth, p.width,
                                to + x_bytes);
    }

    template <class Cx> MOE_DEVICE static void multiply(Cx& cx, float (&sum)[m][n][4], int slot) {
        const int lane = cx.lane();
        const int x_row = cx.warp() / Tile::across * Tile::warp_rows + lane % 16;
        const int w_row = cx.warp() % Tile::across * Tile::warp_columns + lane / 16 * 8 + lane % 8;
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
            for (int i = 0; i < m; ++i) MOE_UNROLLED
            for (int j = 0; j < n; ++j) {
                const std::uint32_t of_tile[2] = {b[j / 2][j % 2 * 2], b[j / 2][j % 2 * 2 + 1]};
                cx.multiply_bf16(sum[i][j], a[i], of_tile);
            }
        }
    }

    struct alignas(8) two {
        float first, second;
    };
    // Four lanes write 32 bytes of a row: whole sectors.
    template <class Cx>
    MOE_DEVICE static void store(Cx& cx, const parameters& p, const float (&sum)[m][n][4], int row,
                                 int column) {
        const int lane = cx.lane();
        MOE_UNROLLED
        for (int i = 0; i < m; ++i) MOE_UNROLLED
        for (int half = 0; half < 2; ++half) {
            const int r = row + 16 * i + 8 * half + lane / 4;
            MOE_UNROLLED
            for (int j = 0; j < n; ++j) {
                const int c = column + 8 * j + lane % 4 * 2;
                const float first = sum[i][j][2 * half], second = sum[i][j][2 * half + 1];
                float* const to = p.y + r * p.y_stride + c;
                if (r < p.rows && c + 1 < p.columns)
                    cx.store(reinterpret_cast<two*>(to), {first, second});
                else if (r < p.rows && c < p.columns)
                    cx.store(to, first);
            }
        }
    }
};

}  // namespace moe::op
