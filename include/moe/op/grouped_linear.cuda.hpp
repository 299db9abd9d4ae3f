// SPDX-License-Identifier: MIT
// grouped_linear forward on Ampere: y[r] = x[index[r]] w[e]^T for the rows r of every expert e.
// x: bf16, read through an index    w: (experts, out, in) bf16    y: (rows, out) FP32 or bf16
// How many rows an expert has is known on the device alone: there are as many blocks as the worst
// case needs, and each finds its expert by itself. Rows of y behind the last expert's stay as they
// are.
#pragma once

#include <moe/op/gemm_tile.cuda.hpp>

namespace moe::op {

// Number: float, or std::uint16_t for the bits of bf16
template <class Tile, class Number = float> struct grouped_linear_kernel {
    static constexpr int threads = Tile::threads, blocks_at_once = 1;
    static constexpr int shared_bytes = Tile::shared_bytes;

    struct parameters {
        Number* y;
        bf16_rows x, w;
        const int* index;  // (rows), or null: row r itself
        const int* first;  // (experts + 1), as groups has it
        int experts, out, in;
        std::ptrdiff_t y_stride;
    };
    static constexpr int blocks_x(const parameters& p) {
        return (p.out + Tile::columns - 1) / Tile::columns;
    }
    // 'rows': the most there can be. An expert has at most one tile that is not full.
    static constexpr int blocks_y(const parameters& p, int rows) {
        return rows / Tile::rows + (rows < p.experts ? rows : p.experts);
    }
    static constexpr bool fits(const parameters& p) {
        return p.x.stride % 8 == 0 && p.w.stride % 8 == 0 && p.y_stride % 2 == 0;
    }

    template <class Cx> MOE_DEVICE static void run(Cx& cx, const parameters& p) {
        const tile_of_expert t = find(cx, p, cx.block_y());
        if (t.expert < 0) return;
        const int column = cx.block_x() * Tile::columns;
        gemm_sums<Tile> sums;
        sums.add(
            cx, p.x,
            [&](int i) {
                if (i >= t.rows) return -1;
                return p.index ? cx.load(p.index + t.row + i) : t.row + i;
            },
            p.w, [&](int i) { return column + i < p.out ? t.expert * p.out + column + i : -1; },
            p.in);
        sums.store(cx, p.y + t.row * p.y_stride + column, p.y_stride, t.rows, p.out - column);
    }

private:
    struct tile_of_expert {
        int expert, row, rows;  // the tile's first row, and how many follow that are the expert's
    };
    // Tile number 'tile' of all experts' tiles in order. Every warp looks for itself, at 32 experts
    // at a time; all find the same.
    template <class Cx>
    MOE_DEVICE static tile_of_expert find(Cx& cx, const parameters& p, int tile) {
        const int lane = cx.lane();
        MOE_ROLLED
        for (int begin = 0; begin < p.experts; begin += 32) {
            const int expert = begin + lane;
            const bool exists = expert < p.experts;
            const int row = exists ? cx.load(p.first + expert) : 0;
            const int rows = exists ? cx.load(p.first + expert + 1) - row : 0;
            const int tiles = (rows + Tile::rows - 1) / Tile::rows;
            int up_to = tiles;  // of the experts here up to this one
            MOE_UNROLLED
            for (int apart = 1; apart < 32; apart *= 2) {
                const int before = cx.shuffle(up_to, lane - apart);
                up_to += lane >= apart ? before : 0;
            }
            const int which = cx.count_bits(cx.ballot(up_to <= tile));  // they grow with the lane
            if (which < 32) {
                const int skipped = tile - cx.shuffle(up_to - tiles, which);
                const int first = cx.shuffle(row, which) + skipped * Tile::rows;
                return {begin + which, first, cx.shuffle(row + rows, which) - first};
            }
            tile -= cx.shuffle(up_to, 31);
        }
        return {-1, 0, 0};
    }
};

}  // namespace moe::op
