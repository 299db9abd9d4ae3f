// SPDX-License-Identifier: MIT
// The left operand of a matrix product: how it lies in memory, and what of it is copied on the way
// into the tile: what must become another word, and what is read many times in an order that the
// caches dislike.
//
// T: of the numbers in memory. Word: what the tile multiplies. Where both operands are bfloat16 the
// sums run over pairs of them, the odd one first; as floats they therefore lie in that order, and a
// missing last one is zero.
#pragma once

#include <moe/device/sweep.hpp>
#include <moe/op/gemm_sums.cpu.hpp>

#include <cstring>

namespace moe::op::detail {

// The longest cut of the summed index whose operands are copied.
inline constexpr int copied_cut = 256;

// What two operands meet as.
template <class Isa, class Left, class Right> struct meeting {
    static constexpr bool pairs = std::is_same_v<Left, bfloat16> && std::is_same_v<Right, bfloat16>;
    using word = std::conditional_t<pairs && isa::has_fast_dot<Isa>, bfloat16_pair, float>;
    // Words that 'steps' numbers along the summed index make.
    static constexpr int words(int steps) {
        return std::is_same_v<word, bfloat16_pair> ? (steps + 1) / 2
               : pairs                             ? round_up(steps, 2)
                                                   : steps;
    }
    // Which number along the summed index is word i, for words that are floats.
    static constexpr int number(int i) { return pairs ? i ^ 1 : i; }
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

// Rows with the summed index along them, in place or through an index.
template <class Isa, class T, class Other> struct rows_along {
    using meet = meeting<Isa, T, Other>;
    using word = typename meet::word;
    // A row's copy ends a cache line further than a power of two: rows do not share cache sets.
    static constexpr int copied_row = meet::words(copied_cut) + lane_count;
    static constexpr bool may_copy = !std::is_same_v<T, float>;
    struct copy_of_block {
        alignas(64) word at[most_strips * tile_rows * copied_row];
    };
    using copy = std::conditional_t<may_copy, copy_of_block, no_copy>;

    picked<T> from;
    int first = 0;  // of the rows of 'from'

    explicit rows_along(picked<T> from, int first = 0) : from(from), first(first) {}

    // Words are in place already.
    bool in_place() const {
        return !may_copy || (std::is_same_v<word, bfloat16_pair> && from.from.width % 2 == 0);
    }
    void prepare(copy& memory, block b, int k, int steps) {
        if constexpr (may_copy) {
            if (in_place()) return;
            copied = memory.at - std::ptrdiff_t(b.row) * copied_row;
            for (int i = 0; i < b.rows; ++i)
                convert(memory.at + i * copied_row, from[first + b.row + i] + k, steps);
        }
    }
    template <int Rows> MOE_INLINE left_rows<Rows, word> at(int row, int k) const {
        left_rows<Rows, word> left;
        MOE_UNROLL
        for (int r = 0; r < Rows; ++r) {
            if constexpr (!may_copy)
                left.row[r] = from[first + row + r] + k;
            else if (in_place())
                left.row[r] = reinterpret_cast<const word*>(from[first + row + r] + k);
            else
                left.row[r] = copied + (row + r) * std::ptrdiff_t(copied_row);
        }
        left.step = 1;
        return left;
    }

private:
    static void convert(bfloat16_pair* to, const T* from, int steps) {
        std::memcpy(to, from, std::size_t(steps) * sizeof(T));
        if (steps % 2 != 0) to[steps / 2].odd = bfloat16(0.0F);
    }
    static void convert(float* to, const T* from, int steps) {
        using vector = lanes<Isa>;
        int i = 0;
        for (; i + lane_count <= steps; i += lane_count)
            ordered(vector::load(from + i)).store(to + i);
        if (i < steps)
            ordered(vector::load_first(from + i, steps - i))
                .store_first(to + i, meet::words(steps) - i);
    }
    static MOE_INLINE lanes<Isa> ordered(lanes<Isa> numbers) {
        return meet::pairs ? swap_pairs(numbers) : numbers;
    }
    const word* copied = nullptr;
};

// Word i of a cut that begins at row 'first', for every column: from one row of numbers, or from
// two as pairs.
template <class Isa, class T, class Other> class row_of_words {
    using meet = meeting<Isa, T, Other>;
    using word = typename meet::word;

public:
    row_of_words(const picked<T>& from, int first, int i, int steps) {
        const auto row = [&](int number) {
            return number < steps ? from[first + number] : nullptr;
        };
        if constexpr (std::is_same_v<word, bfloat16_pair>)
            even_ = row(2 * i), odd_ = row(2 * i + 1);
        else
            even_ = row(meet::number(i));
    }
    void copy(word* to, int column, int width) const {
        sweep(width, [&](int j, auto n) {
            if constexpr (std::is_same_v<word, bfloat16_pair>)
                store(to + j, n, paired(some(even_, column + j, n), some(odd_, column + j, n)));
            else
                store(to + j, n, some(even_, column + j, n));
        });
    }

private:
    template <class N> static MOE_INLINE lanes<Isa> some(const T* row, int column, N n) {
        return row ? load<lanes<Isa>>(row + column, n) : lanes<Isa>::splat(0.0F);
    }
    const T *even_, *odd_ = nullptr;  // null: zeros
};

// The transpose of 'from' (summed index down its rows, which may be picked), copied: the columns of
// a block close together, so that a tile finds its words for all steps in few pages.
template <class Isa, class T, class Other> struct rows_down {
    using meet = meeting<Isa, T, Other>;
    using word = typename meet::word;
    static constexpr int most_rows = most_strips * tile_rows;
    // A line further than a power of two: steps do not share cache sets.
    static constexpr int copied_row = most_rows + lane_count;
    struct copy {
        alignas(64) word at[meet::words(copied_cut) * copied_row];
    };

    picked<T> from;
    int first = 0;  // of the rows of 'from'

    explicit rows_down(picked<T> from, int first = 0) : from(from), first(first) {}

    void prepare(copy& to, block b, int k, int steps) {
        copied = to.at - b.row;
        for (int i = 0; i < meet::words(steps); ++i) {
            const row_of_words<Isa, T, Other> row(from, first + k, i, steps);
            row.copy(to.at + i * copied_row, b.row, b.rows);
        }
    }
    template <int Rows> MOE_INLINE left_rows<Rows, word> at(int row, int) const {
        left_rows<Rows, word> left;
        MOE_UNROLL
        for (int r = 0; r < Rows; ++r) left.row[r] = copied + row + r;
        left.step = copied_row;
        return left;
    }

private:
    const word* copied = nullptr;
};

}  // namespace moe::op::detail
