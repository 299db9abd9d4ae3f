// SPDX-License-Identifier: MIT
// The products of op/grouped_linear.hpp on the CPU: the blocks of all experts in one list, so that
// experts with few rows fill the threads together. The same bits as the specification.
#pragma once

#include <moe/op/grouped_linear.hpp>
#include <moe/op/linear.cpu.hpp>

namespace moe::op {

template <class Isa, cpu_number T>
void grouped_linear(cpu_on<Isa> on, rows<T> y, picked<same<T>> x, matrices<same<T>> w, groups g) {
    MOE_CHECK(g.count, ==, w.count);
    MOE_CHECK(g.rows(), <=, y.count);
    MOE_CHECK(y.width, ==, w.out);
    MOE_CHECK(x.from.width, ==, w.in);
    const auto rows_of = [&](int e) { return g.first[e + 1] - g.first[e]; };
    detail::each_block(
        on, g.count, w.out, detail::widest_block<T>(w.in), rows_of, [&](int e, detail::block b) {
            detail::linear_block<Isa>(y.part(g.first[e], rows_of(e)), x, g.first[e], w[e], b);
        });
}

template <class Isa, cpu_number T>
void grouped_linear_backward_input(cpu_on<Isa> on, rows<T> dx, picked<same<T>> dy,
                                   matrices<same<T>> w, groups g) {
    MOE_CHECK(g.count, ==, w.count);
    MOE_CHECK(g.rows(), <=, dx.count);
    MOE_CHECK(dy.from.width, ==, w.out);
    MOE_CHECK(dx.width, ==, w.in);
    const auto rows_of = [&](int e) { return g.first[e + 1] - g.first[e]; };
    detail::each_block(on, g.count, w.in, detail::widest_block<T>(w.out), rows_of,
                       [&](int e, detail::block b) {
                           detail::linear_block_back<Isa>(dx.part(g.first[e], rows_of(e)), dy,
                                                          g.first[e], w[e], b);
                       });
}

template <class Isa, cpu_number G, cpu_number T>
void grouped_linear_backward_weight(cpu_on<Isa> on, rows<G> dw, picked<T> dy, picked<same<T>> x,
                                    groups g) {
    const int out = dy.from.width;
    MOE_CHECK(dw.count, ==, g.count * out);
    MOE_CHECK(dw.width, ==, x.from.width);
    int most = 0;
    for (int e = 0; e < g.count; ++e) most = larger(most, g.first[e + 1] - g.first[e]);
    const auto rows_of = [&](int e) { return g.first[e + 1] > g.first[e] ? out : 0; };
    detail::each_block(
        on, g.count, dw.width, detail::widest_block<G>(most), rows_of, [&](int e, detail::block b) {
            detail::linear_block_of_weight<Isa>(dw.part(e * out, out), dy, x, g.first[e],
                                                g.first[e + 1] - g.first[e], b);
        });
}

}  // namespace moe::op
