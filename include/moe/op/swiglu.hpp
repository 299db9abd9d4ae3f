// SPDX-License-Identifier: MIT
// h = silu(gate) up weight[row]        silu(x) = x sigmoid(x)
// h, gate, up: (rows, width)    weight: (rows), the routing weight of an expert's row; null: 1
// Shazeer, "GLU variants improve transformer", 2020. On the way back
//     dup = dh weight silu(gate)        dgate = dh weight up silu'(gate)
//     dweight[row] = sum of dh silu(gate) up, piece by piece of 64 columns, the pieces in order
// Layers apply it where the products around it are computed: op/gated_linear.hpp.
#pragma once

#include <moe/core/bfloat16.hpp>
#include <moe/core/math.hpp>
#include <moe/device/reference.hpp>
#include <moe/tensor/view.hpp>

namespace moe::op {

inline constexpr int swiglu_piece = 64;
constexpr int swiglu_pieces(int width) { return ceil_divide(width, swiglu_piece); }

template <class T>
void swiglu(reference, rows<T> h, input<T> gate, input<T> up, const wide<T>* weight) {
    MOE_CHECK(gate.count, ==, h.count);
    MOE_CHECK(gate.width, ==, h.width);
    MOE_CHECK(up.count, ==, h.count);
    MOE_CHECK(up.width, ==, h.width);
    for (int i = 0; i < h.count; ++i) {
        const wide<T> w = weight ? weight[i] : wide<T>(1);
        for (int j = 0; j < h.width; ++j) {
            const wide<T> g = gate(i, j);
            h(i, j) = T(g * sigmoid(g) * up(i, j) * w);
        }
    }
}

namespace detail {

// One number of the way back; returns its part of dweight.
template <class T>
wide<T> swiglu_backward_of(T& dgate, T& dup, wide<T> d, wide<T> g, wide<T> u, wide<T> w) {
    const wide<T> s = sigmoid(g);
    dup = T(d * w * (g * s));
    dgate = T(d * w * u * (s * (1 + g * (1 - s))));
    return d * (g * s * u);
}

}  // namespace detail

template <class T>
void swiglu_backward(reference, rows<T> dgate, output<T> dup, wide<T>* dweight, input<T> dh,
                     input<T> gate, input<T> up, const wide<T>* weight) {
    MOE_CHECK(dgate.count, ==, dh.count);
    MOE_CHECK(dgate.width, ==, dh.width);
    MOE_CHECK(dup.count, ==, dh.count);
    MOE_CHECK(dup.width, ==, dh.width);
    MOE_CHECK(gate.count, ==, dh.count);
    MOE_CHECK(gate.width, ==, dh.width);
    MOE_CHECK(up.count, ==, dh.count);
    MOE_CHECK(up.width, ==, dh.width);
    MOE_CHECK((dweight == nullptr), ==, (weight == nullptr));
    for (int i = 0; i < dh.count; ++i) {
        const wide<T> w = weight ? weight[i] : wide<T>(1);
        wide<T> sum = 0;
        for (int first = 0; first < dh.width; first += swiglu_piece) {
            wide<T> piece = 0;
            for (int j = first; j < smaller(first + swiglu_piece, dh.width); ++j)
                piece += detail::swiglu_backward_of<T>(dgate(i, j), dup(i, j), dh(i, j), gate(i, j),
                                                       up(i, j), w);
            sum = first == 0 ? piece : sum + piece;
        }
        if (dweight) dweight[i] = sum;
    }
}

}  // namespace moe::op
