// SPDX-License-Identifier: MIT
// The three products of many linear layers at once, one an expert: row r of the routed rows belongs
// to expert e when g.first[e] <= r < g.first[e + 1]. An expert may have no rows.
//     y[r] = x[r] w[e]^T        dx[r] = dy[r] w[e]        dw[e] += sum over r of dy[r]^T x[r]
// x, dy: read through an index, so that tokens need no copying (picked)
// w: (experts, out, in)    dw: (experts * out, in)    y, dx: one row a routed row
// Order of the sums: as in op/linear.hpp, over the rows of an expert in their order.
#pragma once

#include <moe/core/check.hpp>
#include <moe/device/reference.hpp>
#include <moe/op/groups.hpp>
#include <moe/tensor/view.hpp>

#include <cmath>

namespace moe::op {

template <class T>
void grouped_linear(reference, rows<T> y, picked<same<T>> x, matrices<same<T>> w, groups g) {
    MOE_CHECK(g.count, ==, w.count);
    MOE_CHECK(g.rows(), <=, y.count);
    MOE_CHECK(y.width, ==, w.out);
    MOE_CHECK(x.from.width, ==, w.in);
    for (int e = 0; e < g.count; ++e)
        for (int r = g.first[e]; r < g.first[e + 1]; ++r)
            for (int o = 0; o < w.out; ++o) {
                T sum = 0;
                for (int i = 0; i < w.in; ++i) sum = std::fma(x[r][i], w[e].view()(o, i), sum);
                y(r, o) = sum;
            }
}

template <class T>
void grouped_linear_backward_input(reference, rows<T> dx, picked<same<T>> dy, matrices<same<T>> w,
                                   groups g) {
    MOE_CHECK(g.count, ==, w.count);
    MOE_CHECK(g.rows(), <=, dx.count);
    MOE_CHECK(dy.from.width, ==, w.out);
    MOE_CHECK(dx.width, ==, w.in);
    for (int e = 0; e < g.count; ++e)
        for (int r = g.first[e]; r < g.first[e + 1]; ++r) {
            for (int i = 0; i < w.in; ++i) dx(r, i) = 0;
            for (int o = 0; o < w.out; ++o)
                for (int i = 0; i < w.in; ++i)
                    dx(r, i) = std::fma(dy[r][o], w[e].view()(o, i), dx(r, i));
        }
}

template <class T>
void grouped_linear_backward_weight(reference, rows<T> dw, picked<same<T>> dy, picked<same<T>> x,
                                    groups g) {
    const int out = dy.from.width;
    MOE_CHECK(dw.count, ==, g.count * out);
    MOE_CHECK(dw.width, ==, x.from.width);
    for (int e = 0; e < g.count; ++e)
        for (int r = g.first[e]; r < g.first[e + 1]; ++r)
            for (int o = 0; o < out; ++o)
                for (int i = 0; i < dw.width; ++i)
                    dw(e * out + o, i) = std::fma(dy[r][o], x[r][i], dw(e * out + o, i));
}

}  // namespace moe::op

#include <moe/op/grouped_linear.cpu.hpp>
