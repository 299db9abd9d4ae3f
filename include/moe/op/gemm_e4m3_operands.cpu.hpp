// SPDX-License-Identifier: MIT
// The operands of products in e4m3, as op/gemm.cpu.hpp takes them. A cut of the summed index is a
// multiple of a tile, or in dw = dy^T x one tile.
#pragma once

#include <moe/op/gemm_e4m3.cpu.hpp>
#include <moe/op/gemm_right.cpu.hpp>
#include <moe/op/pack_e4m3.hpp>

namespace moe::op::detail {

static_assert(copied_cut % weight_block == 0 && copied_cut % e4m3_tile == 0);

// Left: rows with the summed index along them.
template <class Isa, class Source> struct e4m3_along {
    using meet = e4m3_meeting<Isa>;
    using word = typename meet::word;
    // A row's copy ends a cache line further than a power of two: rows do not share cache sets.
    static constexpr int copied_row = meet::words(copied_cut) + lane_count;
    struct copy {
        alignas(64) word at[most_strips * tile_rows * copied_row];
    };

    e4m3_rows<Source> from;
    int first = 0;

    explicit e4m3_along(e4m3_rows<Source> from, int first = 0) : from(from), first(first) {}

    void prepare(copy& memory, block b, int k, int steps) {
        copied = memory.at - std::ptrdiff_t(b.row) * copied_row;
        for (int i = 0; i < b.rows; ++i) {
            word* const to = memory.at + i * copied_row;
            copy_along<Isa>(to, from.from, from.row(first + b.row + i), k, steps);
            if constexpr (!has_codes_of_e4m3<Source>) round_row<Isa>(to, meet::words(steps));
        }
    }
    template <int Rows> MOE_INLINE left_rows<Rows, word> at(int row, int) const {
        left_rows<Rows, word> left;
        MOE_UNROLL
        for (int r = 0; r < Rows; ++r)
            left.row[r] = copied + (row + r) * std::ptrdiff_t(copied_row);
        left.step = 1;
        return left;
    }

private:
    const word* copied = nullptr;
};

// Left: the transpose of rows, the summed index down them.
template <class Isa, class Source> struct e4m3_down {
    using meet = e4m3_meeting<Isa>;
    using word = typename meet::word;
    static constexpr int copied_row = most_strips * tile_rows + lane_count;
    struct copy {
        alignas(64) word at[meet::words(e4m3_tile) * copied_row];
    };

    e4m3_rows<Source> from;
    int first = 0;

    explicit e4m3_down(e4m3_rows<Source> from, int first = 0) : from(from), first(first) {}

    void prepare(copy& to, block b, int k, int steps) {
        copied = to.at - b.row;
        for (int i = 0; i < meet::words(steps); ++i)
            copy_down<Isa>(to.at + i * copied_row, from, first + k, i, steps, b.row, b.rows);
        round_columns<Isa>(to.at, copied_row, meet::words(steps), b.rows);
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

// Right: rows with the summed index down.
template <class Isa, class Source> struct e4m3_across {
    using meet = e4m3_meeting<Isa>;
    using word = typename meet::word;
    static constexpr bool fetches = false;
    static constexpr int cut = e4m3_tile;
    using copy = panel_copy<word>;

    e4m3_rows<Source> from;
    int first = 0;

    right_rows<word> at(copy& to, block, int column, int width, int k, int steps) const {
        for (int i = 0; i < meet::words(steps); ++i)
            copy_down<Isa>(to.at + i * panel_width, from, first + k, i, steps, column, width);
        round_columns<Isa>(to.at, panel_width, meet::words(steps), width);
        return {to.at, panel_width, to.at, 0};
    }
};

// Codes of a weight become a panel of words: where the lines of codes lie along the panel's columns
// as they are, else turned over square by square.
template <class Isa> struct e4m3_panel {
    using meet = e4m3_meeting<Isa>;
    using word = typename meet::word;
    using vector = lanes<Isa>;
    static constexpr int scales = copied_cut / weight_block;  // of a cut, one a block

    word* to;
    int width, steps;

    // Step i's codes begin at codes + i * line.
    void along(const e4m3* codes, std::ptrdiff_t line, const float (&scale)[scales]) const {
        const auto zeros = vector::splat(0.0F);
        const auto numbers = [&](int i, int j, auto n) {
            return times_scale<Isa>(codes + i * line + j, n, scale[i / weight_block]);
        };
        for (int r = 0; r < meet::words(steps); ++r) {
            word* const here = to + r * panel_width;
            sweep(width, [&](int j, auto n) {
                if constexpr (std::is_same_v<word, bfloat16_pair>)
                    store(here + j, n,
                          paired(numbers(2 * r, j, n),
                                 2 * r + 1 < steps ? numbers(2 * r + 1, j, n) : zeros));
                else
                    store(here + j, n,
                          meet::number(r) < steps ? numbers(meet::number(r), j, n) : zeros);
            });
        }
    }
    // Sixteen columns and steps at a time: line(j, i) are the codes of column j from step i on.
    void turned(const auto& line, const float (&scale)[scales]) const {
        for (int i = 0; i < steps; i += lane_count)
            for (int j = 0; j < width; j += lane_count) {
                const int count = smaller(lane_count, steps - i);
                const int columns = smaller(lane_count, width - j);
                vector square[lane_count];
                for (int r = 0; r < lane_count; ++r)
                    square[r] = r < columns ? times_scale<Isa>(line(j + r, i), first_lanes{count},
                                                               scale[i / weight_block])
                                            : vector::splat(0.0F);
                transpose(square);
                for (int r = 0; r < meet::words(count); ++r) {
                    if constexpr (std::is_same_v<word, bfloat16_pair>)
                        paired(square[2 * r], square[2 * r + 1])
                            .store(to + (i / 2 + r) * panel_width + j);
                    else
                        square[meet::number(r)].store(to + (i + r) * panel_width + j);
                }
            }
    }
};

// A weight in e4m3 (out, in) where no packed copy is resident.
struct unpacked_e4m3 {
    const e4m3* at = nullptr;
    const std::uint8_t* scale = nullptr;
    int out = 0, in = 0;

    const e4m3* code(int o, int i) const { return at + std::ptrdiff_t(o) * in + i; }
    float scale_of(int o, int i) const {
        return ue8m0::from_bits(
            scale[std::ptrdiff_t(o / weight_block) * ceil_divide(in, weight_block) +
                  i / weight_block]);
    }
};

// Right: a weight (out, in), summed over 'in'.
template <class Isa> struct packed_panels<Isa, e4m3, bfloat16> {
    using meet = e4m3_meeting<Isa>;
    using word = typename meet::word;
    static constexpr bool fetches = false;
    static constexpr int cut = copied_cut;
    using copy = panel_copy<word>;

    const e4m3* packed;
    int out, in;
    unpacked_e4m3 unpacked;

    right_rows<word> at(copy& to, block, int column, int width, int k, int steps) const {
        const e4m3_panel<Isa> panel{to.at, width, steps};
        float scale[e4m3_panel<Isa>::scales];
        const packed_e4m3 all{packed, out, in};
        for (int i = 0; i < steps; i += weight_block)
            scale[i / weight_block] =
                packed ? all.scale(column, k + i) : unpacked.scale_of(column, k + i);
        if (packed)
            panel.along(&all.code(column, k), panel_of(column, out, in).width, scale);
        else
            panel.turned([&](int j, int i) { return unpacked.code(column + j, k + i); }, scale);
        return {to.at, panel_width, to.at, 0};
    }
};

// Right: the same weight summed over 'out', from its copy across, from its own rows or, where only
// the packed copy is resident, from that one.
template <class Isa> struct e4m3_panels_back {
    using meet = e4m3_meeting<Isa>;
    using word = typename meet::word;
    static constexpr bool fetches = false;
    static constexpr int cut = copied_cut;
    using copy = panel_copy<word>;

    const e4m3 *across, *packed;
    int out, in;
    unpacked_e4m3 unpacked;

    right_rows<word> at(copy& to, block b, int column, int width, int k, int steps) const {
        if (across)
            return packed_panels<Isa, e4m3, bfloat16>{across, in, out, {}}.at(to, b, column, width,
                                                                              k, steps);
        const e4m3_panel<Isa> panel{to.at, width, steps};
        float scale[e4m3_panel<Isa>::scales];
        const packed_e4m3 all{packed, out, in};
        for (int o = 0; o < steps; o += weight_block)
            scale[o / weight_block] =
                packed ? all.scale(k + o, column) : unpacked.scale_of(k + o, column);
        if (packed)
            panel.turned([&](int j, int o) { return &all.code(k + o, column + j); }, scale);
        else
            panel.along(unpacked.code(k, column), in, scale);
        return {to.at, panel_width, to.at, 0};
    }
};

}  // namespace moe::op::detail
