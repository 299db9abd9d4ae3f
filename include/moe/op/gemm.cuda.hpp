// SPDX-License-Identifier: MIT
// Y = X W^T on Ampere: a block a tile of y.
// x: (rows, width) bf16    w: (columns, width) bf16    y: (rows, columns) FP32 or bf16
#pragma once

#include <moe/op/gemm_tile.cuda.hpp>

namespace moe::op {

// Number: float, or std::uint16_t for the bits of bf16
template <class Tile, class Number = float> struct gemm_kernel {
    static constexpr int threads = Tile::threads, blocks_at_once = 1;
    static constexpr int shared_bytes = Tile::shared_bytes;

    struct parameters {
        Number* y;
        bf16_rows x, w;
        int rows, columns, width;
        std::ptrdiff_t y_stride;
    };
    static constexpr int blocks_x(const parameters& p) {
        return (p.columns + Tile::columns - 1) / Tile::columns;
    }
    static constexpr int blocks_y(const parameters& p) {
        return (p.rows + Tile::rows - 1) / Tile::rows;
    }
    // Rows of x and w begin at multiples of 16 bytes, those of y at pairs of numbers.
    static constexpr bool fits(const parameters& p) {
        return p.x.stride % 8 == 0 && p.w.stride % 8 == 0 && p.y_stride % 2 == 0;
    }

    template <class Cx> MOE_DEVICE static void run(Cx& cx, const parameters& p) {
        const int row = cx.block_y() * Tile::rows, column = cx.block_x() * Tile::columns;
        gemm_sums<Tile> sums;
        sums.add(
            cx, p.x, [&](int i) { return row + i < p.rows ? row + i : -1; }, p.w,
            [&](int i) { return column + i < p.columns ? column + i : -1; }, p.width);
        sums.store(cx, p.y + row * p.y_stride + column, p.y_stride, p.rows - row,
                   p.columns - column);
    }
};

}  // namespace moe::op
