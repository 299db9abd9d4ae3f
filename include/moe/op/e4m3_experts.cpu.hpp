// SPDX-License-Identifier: MIT
// Experts in e4m3 on the CPU: the blocks of all of them in one list. Those of gated_linear are as
// wide as whole tiles; whoever has computed one applies SwiGLU and rounds the results, so what is
// wider than a byte never leaves the caches.
#pragma once

#include <moe/op/e4m3_experts.hpp>
#include <moe/op/e4m3_linear.cpu.hpp>
#include <moe/op/gated_linear.cpu.hpp>

namespace moe::op {

namespace detail {
template <class Isa, class Source> auto blocks_of_e4m3(const e4m3_product_of<Source>& p) {
    p.check();
    const rows_of_groups rows_of{p.g};
    return product_list{p.g.count, p.w.out, widest_block<bfloat16>(p.w.in), rows_of,
                        [p, rows_of](int e, block b) {
                            const int first = p.g.first[e];
                            e4m3_block<Isa>(p.y.part(first, rows_of(e)), p.x, first, p.w[e], b);
                        }};
}
}  // namespace detail

template <class Isa, class... Source>
void grouped_linear(cpu_on<Isa> on, const e4m3_product_of<Source>&... experts) {
    detail::each_block(on, detail::blocks_of_e4m3<Isa>(experts)...);
}

template <class Isa, cpu_number G, class Y, class X>
void grouped_linear_backward_weight(cpu_on<Isa> on, rows<G> dw, e4m3_rows<Y> dy, e4m3_rows<X> x,
                                    groups g) {
    const int out = dy.width();
    MOE_CHECK(dw.count, ==, g.count * out);
    MOE_CHECK(dw.width, ==, x.width());
    const detail::rows_of_groups summed{g};
    int most = 0;
    for (int e = 0; e < g.count; ++e) most = larger(most, summed(e));
    detail::each_block(on, detail::product_list{g.count, dw.width, detail::widest_block<G>(most),
                                                [&](int e) { return summed(e) > 0 ? out : 0; },
                                                [&](int e, detail::block b) {
                                                    detail::e4m3_block_of_weight<Isa>(
                                                        dw.part(e * out, out), dy, x, g.first[e],
                                                        summed(e), b);
                                                }});
}

namespace detail {

inline constexpr int panels_of_a_tile = e4m3_tile / panel_width;

// A block's numbers in bfloat16, at the places that they have in all rows.
struct block_numbers {
    static constexpr int width = most_waiting_panels * panel_width;
    alignas(64) bfloat16 at[most_strips * tile_rows * width];

    // Row 0 is row 'first' of the whole.
    rows<bfloat16> view(block b, int first = 0) {
        return {at - std::ptrdiff_t(first + b.row) * width - b.column, first + b.row + b.rows,
                b.column + b.columns, width};
    }
};

// Some columns of a row, from a multiple of a tile on.
template <class Isa, class Scaling>
void quantise_part(const quantised<e4m3, Scaling>& to, rows<const bfloat16> from, int r, int column,
                   int count) {
    static_assert(e4m3_tile % Scaling::columns == 0);
    for (int j = column; j < column + count; j += Scaling::columns)
        quantise_tile<Isa>(to, from, r, j / Scaling::columns);
}

template <class Isa>
void copy_part(const rows<bfloat16>& to, rows<const bfloat16> from, int r, int column, int count) {
    sweep(count, [&](int j, auto n) {
        store(to[r] + column + j, n, load<lanes<Isa>>(from[r] + column + j, n));
    });
}
template <class Isa, class H>
void keep_part(const H& to, rows<const bfloat16> from, int r, int column, int count) {
    if constexpr (std::is_same_v<H, rows<bfloat16>>)
        copy_part<Isa>(to, from, r, column, count);
    else
        quantise_part<Isa>(to, from, r, column, count);
}
// One block of a product of experts, whatever its operands are.
template <class Isa, class X, class W>
void expert_block(rows<bfloat16> y, const X& x, int first, const matrix<W>& w, block b) {
    if constexpr (std::is_same_v<W, e4m3>)
        e4m3_block<Isa>(y, x, first, w, b);
    else
        linear_block<Isa>(y, x, first, w, b);
}

template <class Isa, class H, class X, class W, class Scaling>
auto blocks_of_gated(const coded_gated_linear_of<H, X, W, Scaling>& p) {
    p.check();
    return product_list{p.g.count,
                        p.wg.out,
                        most_waiting_panels,
                        rows_of_groups{p.g},
                        [p](int e, block b) {
                            const int first = p.g.first[e];
                            block_numbers gate_memory, up_memory, h_memory;
                            expert_block<Isa>(gate_memory.view(b), p.x, first, p.wg[e], b);
                            expert_block<Isa>(up_memory.view(b), p.x, first, p.wu[e], b);
                            const auto gate = gate_memory.view(b, first),
                                       up = up_memory.view(b, first), h = h_memory.view(b, first);
                            for (int r = first + b.row; r < first + b.row + b.rows; ++r) {
                                swiglu_row<Isa>(h[r] + b.column, gate[r] + b.column,
                                                up[r] + b.column, p.weight ? p.weight[r] : 1.0F,
                                                b.columns);
                                quantise_part<Isa>(p.gate, gate, r, b.column, b.columns);
                                quantise_part<Isa>(p.up, up, r, b.column, b.columns);
                                keep_part<Isa>(p.h, h, r, b.column, b.columns);
                            }
                        },
                        panels_of_a_tile};
}

template <class Isa, class H, class W, class Scaling>
auto blocks_of_gated_back(const coded_gated_linear_back<H, W, Scaling>& p) {
    p.check();
    return product_list{
        p.g.count,
        p.wd.in,
        most_waiting_panels,
        rows_of_groups{p.g},
        [p](int e, block b) {
            const int first = p.g.first[e], pieces = swiglu_pieces(p.wd.in);
            waiting_sums memory;
            sums_apart dh;
            dh.prepare(memory, b);
            add_product<Isa>(factors_back<Isa>(p.dy, first, p.wd[e]), dh, b, true, true);
            // A row's part of the block: gate, up, h.
            alignas(64) bfloat16 row[3][block_numbers::width];
            for (int i = b.row; i < b.row + b.rows; ++i) {
                const int r = first + i;
                const float weight = p.weight ? p.weight[r] : 1.0F;
                using reader = row_reader<Isa, quantised<const e4m3, Scaling>>;
                reader gate(p.gate, r), up(p.up, r);
                sweep_tiles(
                    b.column, b.columns,
                    [&](int j, auto n) {
                        store(row[0] + j, n, gate.at(b.column + j, n));
                        store(row[1] + j, n, up.at(b.column + j, n));
                    },
                    gate, up);
                for (int j = 0; j < b.columns; j += swiglu_piece) {
                    const int column = b.column + j;
                    const float sum =
                        swiglu_row_back<Isa>(p.dgate[r] + column, p.dup[r] + column,
                                             static_cast<const float*>(dh.at(i, column)),
                                             static_cast<const bfloat16*>(row[0] + j),
                                             static_cast<const bfloat16*>(row[1] + j), weight,
                                             smaller(swiglu_piece, b.columns - j));
                    if (p.dweight)
                        p.pieces[std::ptrdiff_t(r) * pieces + column / swiglu_piece] = sum;
                }
                swiglu_row<Isa>(row[2], row[0], row[1], weight, b.columns);
                // As row r of the whole.
                const rows<const bfloat16> h(row[2] - b.column, r + 1, p.wd.in, 0);
                keep_part<Isa>(p.h, h, r, b.column, b.columns);
            }
        },
        panels_of_a_tile};
}

}  // namespace detail

template <class Isa, class... H, class... X, class... W, class... Scaling>
void gated_linear(cpu_on<Isa> on, const coded_gated_linear_of<H, X, W, Scaling>&... experts) {
    detail::each_block(on, detail::blocks_of_gated<Isa>(experts)...);
}

template <class Isa, class... H, class... W, class... Scaling>
void gated_linear_backward(cpu_on<Isa> on,
                           const coded_gated_linear_back<H, W, Scaling>&... experts) {
    detail::each_block(on, detail::blocks_of_gated_back<Isa>(experts)...);
    (detail::add_pieces(on, experts), ...);
}

template <class Isa>
void gated_linear_backward_input(cpu_on<Isa> on, const e4m3_gated_linear_back_input& p) {
    p.check();
    const detail::rows_of_groups rows_of{p.g};
    detail::each_block(
        on, detail::product_list{
                p.g.count, p.wg.in, detail::widest_block<bfloat16>(p.wg.out, 2), rows_of,
                [&](int e, detail::block b) {
                    const int first = p.g.first[e];
                    detail::multiply_block<Isa>(
                        detail::sums_into<bfloat16>(p.dx.part(first, rows_of(e))), b,
                        detail::factors_back<Isa>(picked<bfloat16>(p.dgate), first, p.wg[e]),
                        detail::factors_back<Isa>(picked<bfloat16>(p.dup), first, p.wu[e]));
                }});
}

}  // namespace moe::op
