// SPDX-License-Identifier: MIT
// gated_linear on the CPU: whoever has computed a block of the products applies SwiGLU to it while
// it is in the nearest caches. The blocks of all kinds of experts are in one list.
#pragma once

#include <moe/op/gated_linear.hpp>
#include <moe/op/grouped_linear.cpu.hpp>
#include <moe/op/swiglu.cpu.hpp>

namespace moe::op {

namespace detail {

template <class Isa, class T> auto blocks_of_gated(const gated_linear_of<T>& p) {
    p.check();
    const rows_of_groups rows_of{p.g};
    return product_list{
        p.g.count, p.wg.out, widest_block<T>(p.wg.in), rows_of, [p, rows_of](int e, block b) {
            const int first = p.g.first[e];
            linear_block<Isa>(p.gate.part(first, rows_of(e)), p.x, first, p.wg[e], b);
            linear_block<Isa>(p.up.part(first, rows_of(e)), p.x, first, p.wu[e], b);
            for (int r = first + b.row; r < first + b.row + b.rows; ++r)
                swiglu_row<Isa>(p.h[r] + b.column, p.gate[r] + b.column, p.up[r] + b.column,
                                p.weight ? p.weight[r] : 1.0F, b.columns);
        }};
}

// All sums of a block stay in the block's own copy.
struct sums_apart : waits_apart {
    static constexpr bool fetches = false;

    template <class Tile> MOE_INLINE void end(Tile& t, int row, int column, bool) const {
        t.store(at(row, column), waiting_sums::width);
    }
};

template <class Isa, class T> auto blocks_of_gated_back(const gated_linear_back<T>& p) {
    p.check();
    static_assert(panel_width == swiglu_piece);
    return product_list{
        p.g.count, p.wd.in, most_waiting_panels, rows_of_groups{p.g}, [p](int e, block b) {
            const int first = p.g.first[e], pieces = swiglu_pieces(p.wd.in);
            waiting_sums memory;
            sums_apart dh;
            dh.prepare(memory, b);
            add_product<Isa>(factors_back<Isa>(p.dy, first, p.wd[e]), dh, b, true, true);
            for (int i = b.row; i < b.row + b.rows; ++i)
                for (int j = b.column; j < b.column + b.columns; j += swiglu_piece) {
                    const int r = first + i;
                    const float sum = swiglu_row_back<Isa>(
                        p.dgate[r] + j, p.dup[r] + j, static_cast<const float*>(dh.at(i, j)),
                        p.gate[r] + j, p.up[r] + j, p.weight ? p.weight[r] : 1.0F,
                        smaller(swiglu_piece, b.column + b.columns - j));
                    if (p.dweight) p.pieces[std::ptrdiff_t(r) * pieces + j / swiglu_piece] = sum;
                }
        }};
}

template <class Isa, class Back> void add_pieces(cpu_on<Isa> on, const Back& p) {
    if (!p.dweight) return;
    const int pieces = swiglu_pieces(p.wd.in);
    on.each(p.g.rows(), [&](int r) {
        const float* const of_row = p.pieces + std::ptrdiff_t(r) * pieces;
        float sum = of_row[0];
        for (int i = 1; i < pieces; ++i) sum += of_row[i];
        p.dweight[r] = sum;
    });
}

template <class Isa, class T> auto blocks_of_gated_input(const gated_linear_back_input<T>& p) {
    p.check();
    const rows_of_groups rows_of{p.g};
    return product_list{
        p.g.count, p.wg.in, widest_block<T>(p.wg.out, 2), rows_of, [p, rows_of](int e, block b) {
            const int first = p.g.first[e];
            multiply_block<Isa>(sums_into<T>(p.dx.part(first, rows_of(e))), b,
                                factors_back<Isa>(picked<T>(p.dgate), first, p.wg[e]),
                                factors_back<Isa>(picked<T>(p.dup), first, p.wu[e]));
        }};
}

}  // namespace detail

template <class Isa, cpu_number... T>
void gated_linear(cpu_on<Isa> on, const gated_linear_of<T>&... experts) {
    detail::each_block(on, detail::blocks_of_gated<Isa>(experts)...);
}

template <class Isa, cpu_number... T>
void gated_linear_backward(cpu_on<Isa> on, const gated_linear_back<T>&... experts) {
    detail::each_block(on, detail::blocks_of_gated_back<Isa>(experts)...);
    (detail::add_pieces(on, experts), ...);
}

template <class Isa, cpu_number... T>
void gated_linear_backward_input(cpu_on<Isa> on, const gated_linear_back_input<T>&... experts) {
    detail::each_block(on, detail::blocks_of_gated_input<Isa>(experts)...);
}

}  // namespace moe::op
