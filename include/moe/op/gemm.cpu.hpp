// SPDX-License-Identifier: MIT
// Matrix products on the CPU: c(r, c) = sum over k of left(r, k) right(k, c), for one matrix or for
// many at once (one an expert). Threads take blocks of c from one list. Inside a block the summed
// index is cut so that a cut of the right operand's panel stays in the second cache while all rows
// pass over it; c is visited once a cut.
// Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34, 2008.
#pragma once

#include <moe/device/cpu.hpp>
#include <moe/device/subnormals.hpp>
#include <moe/op/gemm_right.cpu.hpp>

namespace moe::op::detail {

// Not inlined: all products share the tiles of one kind of sums.
template <class Isa, bool Fetches, int Rows, int Vectors, bool Full, class Word, class Sums>
[[gnu::noinline]] void multiply_tile(const left_rows<Rows, Word>& left, right_rows<Word> right,
                                     int words, int width, const Sums& sums, int row, int column,
                                     bool first, bool last) {
    tile<Isa, Rows, Vectors, Full> t;
    t.width = width;
    sums.begin(t, row, column, first);
    t.template add<Full && Rows >= 4 && Fetches>(left, right, words);
    sums.end(t, row, column, last);
}

// A tile of as many rows and columns as there are.
template <class Isa, bool Fetches, int Rows, class Word, class... Rest>
void multiply_columns(const left_rows<Rows, Word>& left, right_rows<Word> right, int words,
                      int width, const Rest&... rest) {
    constexpr int most = tile_vectors<Isa>;
    if (width == most * lane_count)
        return multiply_tile<Isa, Fetches, Rows, most, true>(left, right, words, width, rest...);
    if constexpr (most == 4) {
        if (width > 2 * lane_count)
            return multiply_tile<Isa, false, Rows, 4, false>(left, right, words, width, rest...);
        if (width > lane_count)
            return multiply_tile<Isa, false, Rows, 2, false>(left, right, words, width, rest...);
    }
    multiply_tile<Isa, false, Rows, 1, false>(left, right, words, width, rest...);
}
template <class Isa, bool Fetches, class Left, class... Rest>
void multiply_rows(int rows, const Left& left, int row, int k, const Rest&... rest) {
    switch (rows) {
        case 1:
            return multiply_columns<Isa, Fetches>(left.template at<1>(row, k), rest...);
        case 2:
            return multiply_columns<Isa, Fetches>(left.template at<2>(row, k), rest...);
        case 3:
            return multiply_columns<Isa, Fetches>(left.template at<3>(row, k), rest...);
        case 4:
            return multiply_columns<Isa, Fetches>(left.template at<4>(row, k), rest...);
        case 5:
            return multiply_columns<Isa, Fetches>(left.template at<5>(row, k), rest...);
        default:
            return multiply_columns<Isa, Fetches>(left.template at<6>(row, k), rest...);
    }
}

// One of the products whose sum is wanted: left right, summed over 'depth' numbers.
template <class Left, class Right> struct factors {
    Left left;
    Right right;
    int depth;
};
template <class Left, class Right> factors(Left, Right, int) -> factors<Left, Right>;

// begins, ends: the sums begin, end with these factors.
template <class Isa, class Left, class Right, class Sums>
void add_product(factors<Left, Right> f, const Sums& sums, block b, bool begins, bool ends) {
    using meet = typename Left::meet;
    constexpr int tile_columns = tile_vectors<Isa> * lane_count;
    constexpr bool fetches = Sums::fetches && Right::fetches;
    const subnormals_as_zero<meet::pairs> inside;
    const strips parts(b.rows);
    typename Left::copy left_copy;
    typename Right::copy right_copy;
    for (int k = 0; k == 0 || k < f.depth; k += Right::cut) {
        const int steps = smaller(f.depth - k, Right::cut), words = meet::words(steps);
        const bool first = begins && k == 0, last = ends && k + steps == f.depth;
        f.left.prepare(left_copy, b, k, steps);
        for (int in_block = 0; in_block < b.columns; in_block += panel_width) {
            const int begin = b.column + in_block;
            const int width = smaller(b.columns - in_block, panel_width);
            auto panel = f.right.at(right_copy, b, begin, width, k, steps);
            const auto* const next = panel.next;
            for (int at = 0; at < width; at += tile_columns, panel.at += tile_columns) {
                const int columns = smaller(width - at, tile_columns);
                for (int s = 0, row = b.row; s < parts.count; row += parts.rows(s++)) {
                    // Each of the first four strips fetches a quarter of the next panel's rows.
                    panel.next = s < 4 ? next + s * (words / 4) * panel.next_step : panel.at;
                    multiply_rows<Isa, fetches>(parts.rows(s), f.left, row, k, panel, words,
                                                columns, sums, row, begin + at, first, last);
                }
            }
        }
    }
}

// A block of the sum of products, one chain for each number.
template <class Isa, class Sums, class... Factors>
void multiply_block(Sums sums, block b, const Factors&... f) {
    typename Sums::copy sums_copy;
    sums.prepare(sums_copy, b);
    std::size_t done = 0;
    ((add_product<Isa>(f, sums, b, done == 0, done + 1 == sizeof...(f)), ++done), ...);
}

// How many panels wide a block of T's may be whose sums go over 'depth' numbers, or over several
// products.
template <class T> constexpr int widest_block(int depth, int products = 1) {
    return std::is_same_v<T, float> || (depth <= copied_cut && products == 1) ? most_panels
                                                                              : most_waiting_panels;
}

// Products of one kind: 'groups' results of 'columns' columns and rows_of(group) rows each, in
// blocks that are at most 'widest' panels wide, cut between multiples of 'together' panels.
// work(group, block) computes one of them.
template <class RowsOf, class Work> struct product_list {
    int groups, columns, widest;
    RowsOf rows_of;
    Work work;
    int together = 1;

    std::int64_t strips_of_all() const {
        std::int64_t all = 0;
        for (int g = 0; g < groups; ++g) all += strips(rows_of(g)).count;
        return all;
    }
};

template <class RowsOf, class Work>
product_list(int, int, int, RowsOf, Work) -> product_list<RowsOf, Work>;
template <class RowsOf, class Work>
product_list(int, int, int, RowsOf, Work, int) -> product_list<RowsOf, Work>;

// How large the blocks of a list are: as the caches like, or smaller to give every thread some.
struct block_size {
    int strips = most_strips, across;  // strips of a block; blocks side by side

    block_size(std::int64_t strips_of_all, int panels, int widest, int threads, bool one_matrix)
        : across(ceil_divide(panels, widest)) {
        const auto too_few = [&] {
            return threads > 1 && strips_of_all / strips * across < 4 * threads;
        };
        // First narrower, then lower, while the operands are still read often enough.
        for (const int least : {8, 4}) {
            while (across < panels / least && too_few()) ++across;
            while (strips > 2 * least && too_few()) strips /= 2;
        }
        if (one_matrix) {  // Blocks of one size: the same number for every thread.
            const int down = round_up(ceil_divide(int(strips_of_all), strips), threads);
            strips = ceil_divide(int(strips_of_all), larger(down, 1));
        }
    }
};

// The blocks of one list, numbered.
template <class List> struct blocks_of {
    const List& list;
    int width, pieces;  // where blocks may be cut
    block_size size;
    int count = 0;

    blocks_of(const List& list, std::int64_t strips_of_all, int threads, bool alone)
        : list(list),
          width(list.together * panel_width),
          pieces(ceil_divide(list.columns, width)),
          size(strips_of_all, pieces, list.widest / list.together, threads,
               alone && list.groups == 1) {
        for (int g = 0; g < list.groups; ++g) count += down(g) * size.across;
    }
    int down(int group) const {
        return ceil_divide(strips(list.rows_of(group)).count, size.strips);
    }
    // Neighbouring tasks share the right operand: it is the larger part of what a block reads.
    void run(int task) const {
        int group = 0, blocks_down = 0;
        for (; task >= (blocks_down = down(group)) * size.across; ++group)
            task -= blocks_down * size.across;
        const interval r = part_of(list.rows_of(group), blocks_down, task % blocks_down);
        const interval c = part_of(pieces, size.across, task / blocks_down);
        const int column = int(c.first) * width;
        const int end = smaller(int(c.last) * width, list.columns);
        list.work(group, block{int(r.first), int(r.count()), column, end - column});
    }
};

// Computes the blocks of all lists, which the threads take from one.
template <class Isa, class... List> void each_block(cpu_on<Isa> on, const List&... lists) {
    const std::int64_t strips_of_all = (lists.strips_of_all() + ...);
    if (strips_of_all == 0) return;
    const auto run = [&](const auto&... blocks) {
        on.tasks((blocks.count + ...), [&](int task) {
            const auto one = [&](const auto& of_list) {
                if (task >= 0 && task < of_list.count) of_list.run(task);
                task -= of_list.count;
            };
            (one(blocks), ...);
        });
    };
    run(blocks_of<List>(lists, strips_of_all, on.threads(), sizeof...(lists) == 1)...);
}

}  // namespace moe::op::detail
