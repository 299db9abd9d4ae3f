// SPDX-License-Identifier: MIT
// The three products of many linear layers at once, one an expert: row r of the routed rows belongs
// to expert e when g.first[e] <= r < g.first[e + 1]. An expert may have no rows.
//     y[r] = x[r] w[e]^T        dx[r] = dy[r] w[e]        dw[e] += sum over r of dy[r]^T x[r]
// x, dy: read through an index, so that tokens need no copying (picked)
// w: (experts, out, in)    dw: (experts * out, in)    y, dx: one row a routed row
// Order of the sums: as in op/linear.hpp, over the rows of an expert in their order.
#pragma once

#include <moe/op/groups.hpp>
#include <moe/op/linear.hpp>

namespace moe::op {

namespace detail {
// Row r of the routed rows with the number of its expert.
template <class Work> void each_routed_row(groups g, const Work& work) {
    for (int e = 0; e < g.count; ++e)
        for (int r = g.first[e]; r < g.first[e + 1]; ++r) work(e, r);
}
}  // namespace detail

template <class T> struct product_of {
    rows<T> y;
    picked<T> x;
    matrices<T> w;
    groups g;

    void check() const {
        MOE_CHECK(g.count, ==, w.count);
        MOE_CHECK(g.rows(), <=, y.count);
        MOE_CHECK(y.width, ==, w.out);
        MOE_CHECK(x.from.width, ==, w.in);
    }
};

// Several kinds of experts (routed ones, a shared one) are computed from one list of tasks.
template <class... T> void grouped_linear(reference, const product_of<T>&... experts) {
    const auto one = [&]<class N>(const product_of<N>& p) {
        p.check();
        detail::each_routed_row(p.g, [&](int e, int r) {
            detail::linear_chains(p.y.part(r, 1), rows<const N>(p.x[r], 1, p.w.in), p.w[e]);
        });
    };
    (one(experts), ...);
}
template <class T>
void grouped_linear(reference on, rows<T> y, picked<same<T>> x, matrices<same<T>> w, groups g) {
    grouped_linear(on, product_of<T>{y, x, w, g});
}

template <class T>
void grouped_linear_backward_input(reference, rows<T> dx, picked<same<T>> dy, matrices<same<T>> w,
                                   groups g) {
    MOE_CHECK(g.count, ==, w.count);
    MOE_CHECK(g.rows(), <=, dx.count);
    MOE_CHECK(dy.from.width, ==, w.out);
    MOE_CHECK(dx.width, ==, w.in);
    detail::each_routed_row(g, [&](int e, int r) {
        detail::linear_chains_back(dx.part(r, 1), way_back{rows<const T>(dy[r], 1, w.out), w[e]});
    });
}

// G: of the gradient; T: of both operands
template <class G, class T>
void grouped_linear_backward_weight(reference, rows<G> dw, picked<T> dy, picked<same<T>> x,
                                    groups g) {
    const int out = dy.from.width;
    MOE_CHECK(dw.count, ==, g.count * out);
    MOE_CHECK(dw.width, ==, x.from.width);
    for (int e = 0; e < g.count; ++e) {
        const int first = g.first[e], count = g.first[e + 1] - first;
        for (int o = 0; o < out; ++o)
            for (int i = 0; i < dw.width; ++i) {
                G& sum = dw(e * out + o, i);
                sum = detail::chain_onto(
                    count, sum, [&](int r) { return dy[first + r][o]; },
                    [&](int r) { return x[first + r][i]; });
            }
    }
}

}  // namespace moe::op

#include <moe/op/grouped_linear.cpu.hpp>
