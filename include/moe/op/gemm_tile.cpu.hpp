// SPDX-License-Identifier: MIT
// The innermost loop of every matrix product on the CPU: a tile of sums stays in registers while
//     sum(r, c) += left(r, k) right(k, c)        r < 6, c < 64 on AVX-512
// runs over k. A left word is broadcast, a right row is read sixteen lanes at a time. A word is a
// float or, where the hardware multiplies such, a pair of bfloat16. Each sum is one chain of fused
// multiply-adds, so no choice of tile or block can change a bit.
#pragma once

#include <moe/device/lanes.hpp>
#include <moe/tensor/view.hpp>

#include <cstddef>

namespace moe::op::detail {

// Six rows of four vectors: 24 sums, 4 right vectors and a broadcast one of AVX-512's 32 registers.
// On AVX2 a vector is two of the 16 registers, and one vector wide fills them: 12 + 2 + 1.
inline constexpr int tile_rows = 6;
template <class Isa> inline constexpr int tile_vectors = isa::is_avx512<Isa> ? 4 : 1;

// Each row of a tile has a pointer of its own, so that rows picked through an index need no
// copying. step: from k to k + 1.
template <int Rows, class Word> struct left_rows {
    const Word* row[Rows];
    std::ptrdiff_t step;
};

// step: from k to k + 1. Meanwhile what is read next comes into the second cache, a line in each
// step: four lines of a row, then the next row. The hardware would not find it by itself, and it
// hides most of what a weight costs that is read once.
template <class Word> struct right_rows {
    const Word* at;
    std::ptrdiff_t step;
    const Word* next;
    std::ptrdiff_t next_step;
};

// sum + left right, for floats and for pairs.
template <class Isa>
MOE_INLINE lanes<Isa> multiply_add(const float*, lanes<Isa> left, lanes<Isa> right,
                                   lanes<Isa> sum) {
    return fma(left, right, sum);
}
template <class Isa>
MOE_INLINE lanes<Isa> multiply_add(const bfloat16_pair*, lanes<Isa> left, lanes<Isa> right,
                                   lanes<Isa> sum) {
    return dot(left, right, sum);
}

// Computed here and now: the compiler adds offsets to this pointer or index and invents no others,
// which would not find room in the registers.
template <class T> MOE_INLINE T pinned(T p) {
    asm("" : "+r"(p));
    return p;
}

// Full: all columns exist. Otherwise the first 'width' do, and nothing behind them is touched.
template <class Isa, int Rows, int Vectors, bool Full> struct tile {
    static constexpr int rows = Rows, vectors = Vectors;

    lanes<Isa> sum[Rows][Vectors];
    int width;

    MOE_INLINE int lanes_in(int v) const {
        const int left = width - v * lane_count;
        return left > 0 ? left : 0;
    }
    template <class Word> MOE_INLINE lanes<Isa> read(const Word* row, int v) const {
        if constexpr (Full)
            return lanes<Isa>::load(row + v * lane_count);
        else
            return lanes<Isa>::load_first(row + v * lane_count, lanes_in(v));
    }
    MOE_INLINE void clear() {
        MOE_UNROLL
        for (int r = 0; r < Rows; ++r) {
            MOE_UNROLL
            for (int v = 0; v < Vectors; ++v) sum[r][v] = lanes<Isa>::splat(0.0F);
        }
    }
    // sum += c, element by element
    template <class T> MOE_INLINE void add_from(const T* c, std::ptrdiff_t stride) {
        MOE_UNROLL
        for (int r = 0; r < Rows; ++r, c = pinned(c + stride)) {
            MOE_UNROLL
            for (int v = 0; v < Vectors; ++v) sum[r][v] = sum[r][v] + read(c, v);
        }
    }
    MOE_INLINE void load(const float* c, std::ptrdiff_t stride) {
        MOE_UNROLL
        for (int r = 0; r < Rows; ++r, c = pinned(c + stride)) {
            MOE_UNROLL
            for (int v = 0; v < Vectors; ++v) sum[r][v] = read(c, v);
        }
    }
    template <class T> MOE_INLINE void store(T* c, std::ptrdiff_t stride) const {
        MOE_UNROLL
        for (int r = 0; r < Rows; ++r, c = pinned(c + stride)) {
            if constexpr (Full && Vectors % 2 == 0 && std::is_same_v<T, bfloat16>) {
                MOE_UNROLL
                for (int v = 0; v < Vectors; v += 2)
                    lanes<Isa>::store_two(c + v * lane_count, sum[r][v], sum[r][v + 1]);
                continue;
            }
            MOE_UNROLL
            for (int v = 0; v < Vectors; ++v) {
                if constexpr (Full)
                    sum[r][v].store(c + v * lane_count);
                else
                    sum[r][v].store_first(c + v * lane_count, lanes_in(v));
            }
        }
    }
    template <class Word>
    MOE_INLINE void add_one(const left_rows<Rows, Word>& left, std::ptrdiff_t k,
                            const Word* right) {
        lanes<Isa> b[Vectors];
        MOE_UNROLL
        for (int v = 0; v < Vectors; ++v) {
            b[v] = read(right, v);
            b[v].stay();
        }
        MOE_UNROLL
        for (int r = 0; r < Rows; ++r) {
            const lanes<Isa> a = lanes<Isa>::splat(left.row[r][k]);
            MOE_UNROLL
            for (int v = 0; v < Vectors; ++v) sum[r][v] = multiply_add(right, a, b[v], sum[r][v]);
        }
    }
    template <bool Fetches, class Word>
    MOE_INLINE void add(const left_rows<Rows, Word>& left, right_rows<Word> right, int depth) {
        std::ptrdiff_t at = 0;
        int k = 0;
        if constexpr (Fetches)
            for (; k + 4 <= depth; k += 4) {
                MOE_UNROLL
                for (int line = 0; line < 4; ++line) {
                    __builtin_prefetch(right.next + line * lane_count, 0, 2);
                    add_one(left, at, right.at);
                    at = pinned(at + left.step);
                    right.at += right.step;
                }
                right.next += right.next_step;
            }
        for (; k < depth; ++k) {
            add_one(left, at, right.at);
            at = pinned(at + left.step);
            right.at += right.step;
        }
    }
};

}  // namespace moe::op::detail
