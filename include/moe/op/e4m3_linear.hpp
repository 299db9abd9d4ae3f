// SPDX-License-Identifier: MIT
// The products of op/linear.hpp and op/rotated_linear.hpp with a weight in e4m3 (op/pack_e4m3.hpp)
// and other operands in e4m3 (op/e4m3_rows.hpp). Results are bfloat16, sums FP32; the order of a
// sum is that of products of bfloat16. dx = dy w is op/linear.hpp's: op::way_back with a weight in
// e4m3 rounds its gradient in tiles of a row. DeepSeek-V3, section 3.3.
#pragma once

#include <moe/op/e4m3_rows.hpp>
#include <moe/op/pack_e4m3.hpp>
#include <moe/op/rotated_linear.hpp>
#include <moe/precision/accumulation.hpp>

namespace moe::op {

namespace detail {

template <> struct gradient_row<e4m3> {
    static auto of(const rows<const bfloat16>& dy, int t) {
        return rounded_in_tiles(dy.width, [dy, t](int o) { return dy(t, o); });
    }
};

// Rows of y from the rows first, first + 1... of x.
template <class Source>
void e4m3_chains(rows<bfloat16> y, const e4m3_rows<Source>& x, int first, const matrix<e4m3>& w) {
    MOE_CHECK(y.width, ==, w.out);
    MOE_CHECK(x.width(), ==, w.in);
    for (int t = 0; t < y.count; ++t) {
        const auto row = operand_row(x, first + t);
        for (int o = 0; o < w.out; ++o)
            y(t, o) = bfloat16(chain(w.in, 0.0F, row, [&](int i) { return weight_at(w, o, i); }));
    }
}
// dw += dy^T x over 'count' rows from 'first' on; tiles begin there.
template <class G, class Y, class X>
void e4m3_chains_of_weight(rows<G> dw, const e4m3_rows<Y>& dy, const e4m3_rows<X>& x, int first,
                           int count) {
    MOE_CHECK(dw.count, ==, dy.width());
    MOE_CHECK(dw.width, ==, x.width());
    for (int o = 0; o < dw.count; ++o)
        for (int i = 0; i < dw.width; ++i)
            dw(o, i) = chain_onto(count, dw(o, i),
                                  rounded_in_tiles(count, [&](int t) { return dy(first + t, o); }),
                                  rounded_in_tiles(count, [&](int t) { return x(first + t, i); }));
}

}  // namespace detail

template <class Source>
void linear(reference, rows<bfloat16> y, e4m3_rows<Source> x, matrix<e4m3> w) {
    detail::e4m3_chains(y, x, 0, w);
}
template <class G, class X>
void linear_backward_weight(reference, rows<G> dw, rows<const bfloat16> dy, e4m3_rows<X> x) {
    detail::e4m3_chains_of_weight(dw, e4m3_rows{dy}, x, 0, dy.count);
}
template <class Source>
void rotated_linear(reference on, rows<bfloat16> y, e4m3_rows<Source> x, matrix<e4m3> w,
                    head_columns where, rotary<float> turn, positions at) {
    linear(on, y, x, w);
    rope(on, y, where, turn, at.length, at.first);
}

// y = x w^T as hardware may sum it: products of codes as 'inner' keeps them, promoted to FP32 and
// scaled after every 'every' of them, which must divide a tile. What is finite only.
template <class X, class W, class Inner>
void linear(reference, rows<float> y, const quantised<const e4m3, X>& x,
            const quantised<const e4m3, W>& w, const Inner& inner, int every = e4m3_tile) {
    MOE_CHECK(y.count, ==, x.code.count);
    MOE_CHECK(y.width, ==, w.code.count);
    MOE_CHECK(x.width, ==, w.width);
    for (int t = 0; t < y.count; ++t)
        for (int o = 0; o < y.width; ++o)
            y(t, o) = promoted_dot(inner, every, x.code[t], w.code[o], x.width,
                                   [&](int k) { return x.scale_of(t, k) * w.scale_of(o, k); });
}

// dx = dy w, on every device.
template <class On>
void linear_backward_input(On on, rows<bfloat16> dx, rows<const bfloat16> dy, matrix<e4m3> w) {
    linear_backward_input(on, dx, way_back{dy, w});
}

}  // namespace moe::op

#include <moe/op/e4m3_linear.cpu.hpp>
