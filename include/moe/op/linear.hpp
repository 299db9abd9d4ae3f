// SPDX-License-Identifier: MIT
// The three products of a linear layer without bias.
//     y = x w^T        dx = dy w        dw += dy^T x
// x, dx: (tokens, in)    y, dy: (tokens, out)    w, dw: (out, in)
// Every number of a result is one chain of fused multiply-adds over the summed index, first to
// last: from zero for y and dx, from what is there for dw. Each body keeps that order, so in float
// they all give the bits of this specification.
#pragma once

#include <moe/core/check.hpp>
#include <moe/device/reference.hpp>
#include <moe/tensor/view.hpp>

#include <cmath>

namespace moe::op {

template <class T> void linear(reference, rows<T> y, input<T> x, matrix<same<T>> w) {
    MOE_CHECK(y.count, ==, x.count);
    MOE_CHECK(y.width, ==, w.out);
    MOE_CHECK(x.width, ==, w.in);
    for (int t = 0; t < y.count; ++t)
        for (int o = 0; o < w.out; ++o) {
            T sum = 0;
            for (int i = 0; i < w.in; ++i) sum = std::fma(x(t, i), w.view()(o, i), sum);
            y(t, o) = sum;
        }
}

template <class T>
void linear_backward_input(reference, rows<T> dx, input<T> dy, matrix<same<T>> w) {
    MOE_CHECK(dx.count, ==, dy.count);
    MOE_CHECK(dy.width, ==, w.out);
    MOE_CHECK(dx.width, ==, w.in);
    for (int t = 0; t < dx.count; ++t) {
        for (int i = 0; i < w.in; ++i) dx(t, i) = 0;
        for (int o = 0; o < w.out; ++o)
            for (int i = 0; i < w.in; ++i) dx(t, i) = std::fma(dy(t, o), w.view()(o, i), dx(t, i));
    }
}

template <class T> void linear_backward_weight(reference, rows<T> dw, input<T> dy, input<T> x) {
    MOE_CHECK(dy.count, ==, x.count);
    MOE_CHECK(dw.count, ==, dy.width);
    MOE_CHECK(dw.width, ==, x.width);
    for (int t = 0; t < x.count; ++t)
        for (int o = 0; o < dw.count; ++o)
            for (int i = 0; i < dw.width; ++i) dw(o, i) = std::fma(dy(t, o), x(t, i), dw(o, i));
}

}  // namespace moe::op

#include <moe/op/linear.cpu.hpp>
