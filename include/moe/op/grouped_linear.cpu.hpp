// SPDX-License-Identifier: MIT
// The products of op/grouped_linear.hpp on the CPU: the blocks of all experts in one list, so that
// experts with few rows fill the threads together. The same bits as the specification.
#pragma once

#include <moe/op/grouped_linear.hpp>
#include <moe/op/linear.cpu.hpp>

namespace moe::op {

namespace detail {
// Rows of each expert, for a list of products.
struct rows_of_groups {
    groups g;
    int operator()(int e) const { return g.first[e + 1] - g.first[e]; }
};

template <class Isa, class T> auto blocks_of_product(const product_of<T>& p) {
    p.check();
    const rows_of_groups rows_of{p.g};
    return product_list{
        p.g.count, p.w.out, widest_block<T>(p.w.in), rows_of, [p, rows_of](int e, block b) {
            linear_block<Isa>(p.y.part(p.g.first[e], rows_of(e)), p.x, p.g.first[e], p.w[e], b);
        }};
}
}  // namespace detail

template <class Isa, cpu_number... T>
void grouped_linear(cpu_on<Isa> on, const product_of<T>&... experts) {
    detail::each_block(on, detail::blocks_of_product<Isa>(experts)...);
}
template <class Isa, cpu_number T>
void grouped_linear(cpu_on<Isa> on, rows<T> y, picked<same<T>> x, matrices<same<T>> w, groups g) {
    grouped_linear(on, product_of<T>{y, x, w, g});
}

template <class Isa, cpu_number T>
void grouped_linear_backward_input(cpu_on<Isa> on, rows<T> dx, picked<same<T>> dy,
                                   matrices<same<T>> w, groups g) {
    MOE_CHECK(g.count, ==, w.count);
    MOE_CHECK(g.rows(), <=, dx.count);
    MOE_CHECK(dy.from.width, ==, w.out);
    MOE_CHECK(dx.width, ==, w.in);
    const detail::rows_of_groups rows_of{g};
    detail::each_block(
        on, detail::product_list{g.count, w.in, detail::widest_block<T>(w.out), rows_of,
                                 [&](int e, detail::block b) {
                                     detail::multiply_block<Isa>(
                                         detail::sums_into<T>(dx.part(g.first[e], rows_of(e))), b,
                                         detail::factors_back<Isa>(dy, g.first[e], w[e]));
                                 }});
}

template <class Isa, cpu_number G, cpu_number T>
void grouped_linear_backward_weight(cpu_on<Isa> on, rows<G> dw, picked<T> dy, picked<same<T>> x,
                                    groups g) {
    const int out = dy.from.width;
    MOE_CHECK(dw.count, ==, g.count * out);
    MOE_CHECK(dw.width, ==, x.from.width);
    const detail::rows_of_groups summed{g};
    int most = 0;
    for (int e = 0; e < g.count; ++e) most = larger(most, summed(e));
    detail::each_block(on, detail::product_list{g.count, dw.width, detail::widest_block<G>(most),
                                                [&](int e) { return summed(e) > 0 ? out : 0; },
                                                [&](int e, detail::block b) {
                                                    detail::linear_block_of_weight<Isa>(
                                                        dw.part(e * out, out), dy, x, g.first[e],
                                                        summed(e), b);
                                                }});
}

}  // namespace moe::op
