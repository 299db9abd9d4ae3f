// SPDX-License-Identifier: MIT
// The innermost loop of every matrix product on the CPU: a tile of sums stays in registers while
//     sum(r, c) += left(r, k) right(k, c)        r < 6, c < 64 on AVX-512
// runs over k. A left number is broadcast, a right row is read sixteen lanes at a time. Each sum is
// one chain of fused multiply-adds, so no choice of tile or block can change a bit.
#pragma once

#include <moe/device/lanes.hpp>
#include <moe/tensor/view.hpp>

#include <cstddef>

namespace moe::op::detail {

// 24 sums, 4 right vectors and a broadcast one fill the 32 registers of AVX-512; on AVX2 a vector
// is two of the 16 registers: 12 + 2 + 1.
template <class Isa> struct tile_shape { static constexpr int rows = 6, vectors = 1; };
template <> struct tile_shape<isa::avx512_bf16> { static constexpr int rows = 6, vectors = 4; };

// Each row of a tile has a pointer of its own, so that rows picked through an index need no
// copying. step: from k to k + 1.
template <int Rows> struct left_rows {
    const float* row[Rows];
    std::ptrdiff_t step;
};

// step: from k to k + 1. ahead: how far in front of its use a row is fetched into the first cache;
// the hardware does that by itself for a packed panel, but not for rows that are pages apart.
struct right_rows {
    const float* at;
    std::ptrdiff_t step, ahead;
};

// Full: all columns exist. Otherwise the first 'width' do, and nothing behind them is touched.
template <class Isa, int Rows, int Vectors, bool Full> struct tile {
    static constexpr int rows = Rows, vectors = Vectors;

    lanes<Isa> sum[Rows][Vectors];
    int width;

    MOE_INLINE int lanes_in(int v) const {
        const int left = width - v * lane_count;
        return left > 0 ? left : 0;
    }
    MOE_INLINE lanes<Isa> read(const float* row, int v) const {
        if constexpr (Full)
            return lanes<Isa>::load(row + v * lane_count);
        else
            return lanes<Isa>::load_first(row + v * lane_count, lanes_in(v));
    }
    MOE_INLINE void clear() {
        MOE_UNROLL
        for (int r = 0; r < Rows; ++r) MOE_UNROLL
        for (int v = 0; v < Vectors; ++v) sum[r][v] = lanes<Isa>::splat(0);
    }
    MOE_INLINE void load(const float* c, std::ptrdiff_t stride) {
        MOE_UNROLL
        for (int r = 0; r < Rows; ++r) MOE_UNROLL
        for (int v = 0; v < Vectors; ++v) sum[r][v] = read(c + r * stride, v);
    }
    MOE_INLINE void store(float* c, std::ptrdiff_t stride) const {
        MOE_UNROLL
        for (int r = 0; r < Rows; ++r) MOE_UNROLL
        for (int v = 0; v < Vectors; ++v) {
            float* const to = c + r * stride + v * lane_count;
            if constexpr (Full)
                sum[r][v].store(to);
            else
                sum[r][v].store_first(to, lanes_in(v));
        }
    }
    template <bool Fetch>
    MOE_INLINE void add(const left_rows<Rows>& left, right_rows right, int depth) {
        std::ptrdiff_t at = 0;
        for (int k = 0; k < depth; ++k) {
            lanes<Isa> b[Vectors];
            MOE_UNROLL
            for (int v = 0; v < Vectors; ++v) {
                b[v] = read(right.at, v);
                b[v].stay();
                if constexpr (Fetch) __builtin_prefetch(right.at + right.ahead + v * lane_count);
            }
            MOE_UNROLL
            for (int r = 0; r < Rows; ++r) {
                const lanes<Isa> a = lanes<Isa>::splat(left.row[r][at]);
                MOE_UNROLL
                for (int v = 0; v < Vectors; ++v) sum[r][v] = fma(a, b[v], sum[r][v]);
            }
            at += left.step;
            right.at += right.step;
        }
    }
};

// Where the sums of a product go: into c, or on top of what is there. Between two cuts of the
// summed index they wait in c. The tile below is fetched meanwhile.
struct sums_into {
    rows<float> c;
    bool adds = false;

    template <class Tile> MOE_INLINE void begin(Tile& t, int row, int column, bool first) const {
        float* const here = c[row] + column;
        if (first && !adds)
            t.clear();
        else
            t.load(here, c.stride);
        if (row + 2 * Tile::rows > c.count) return;
        MOE_UNROLL
        for (int r = Tile::rows; r < 2 * Tile::rows; ++r) MOE_UNROLL
        for (int v = 0; v < Tile::vectors; ++v)
            __builtin_prefetch(here + r * c.stride + v * lane_count, 1);
    }
    template <class Tile> MOE_INLINE void end(Tile& t, int row, int column, bool) const {
        t.store(c[row] + column, c.stride);
    }
};

}  // namespace moe::op::detail
