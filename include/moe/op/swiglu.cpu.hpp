// SPDX-License-Identifier: MIT
// swiglu on the CPU, a row or a piece of one at a time. The same bits as the specification in all
// but the sums.
#pragma once

#include <moe/device/cpu.hpp>
#include <moe/device/sweep.hpp>
#include <moe/op/swiglu.hpp>

namespace moe::op {

namespace detail {

template <class Isa, class T>
void swiglu_row(T* h, const T* gate, const T* up, float weight, int width) {
    using vector = lanes<Isa>;
    const vector w = vector::splat(weight);
    sweep(width, [&](int j, auto n) {
        const vector g = load<vector>(gate + j, n);
        store(h + j, n, g * sigmoid(g) * load<vector>(up + j, n) * w);
    });
}

// Returns the sum of dh silu(gate) up. D: of dh
template <class Isa, class T, class D>
float swiglu_row_back(T* dgate, T* dup, const D* dh, const T* gate, const T* up, float weight,
                      int width) {
    using vector = lanes<Isa>;
    const vector w = vector::splat(weight), one = vector::splat(1.0F);
    vector products = vector::splat(0.0F);
    sweep(width, [&](int j, auto n) {
        const vector g = load<vector>(gate + j, n), u = load<vector>(up + j, n);
        const vector d = load<vector>(dh + j, n), s = sigmoid(g);
        products = fma(d, g * s * u, products);
        store(dup + j, n, d * w * (g * s));
        store(dgate + j, n, d * w * u * (s * (one + g * (one - s))));
    });
    return sum(products);
}

}  // namespace detail

template <class Isa, cpu_number T>
void swiglu(cpu_on<Isa> on, rows<T> h, input<T> gate, input<T> up, const float* weight) {
    MOE_CHECK(gate.count, ==, h.count);
    MOE_CHECK(gate.width, ==, h.width);
    MOE_CHECK(up.count, ==, h.count);
    MOE_CHECK(up.width, ==, h.width);
    on.each(h.count, [&](int i) {
        detail::swiglu_row<Isa>(h[i], gate[i], up[i], weight ? weight[i] : 1.0F, h.width);
    });
}

template <class Isa, cpu_number T>
void swiglu_backward(cpu_on<Isa> on, rows<T> dgate, output<T> dup, float* dweight, input<T> dh,
                     input<T> gate, input<T> up, const float* weight) {
    MOE_CHECK(dgate.count, ==, dh.count);
    MOE_CHECK(dgate.width, ==, dh.width);
    MOE_CHECK(dup.count, ==, dh.count);
    MOE_CHECK(dup.width, ==, dh.width);
    MOE_CHECK(gate.count, ==, dh.count);
    MOE_CHECK(gate.width, ==, dh.width);
    MOE_CHECK(up.count, ==, dh.count);
    MOE_CHECK(up.width, ==, dh.width);
    MOE_CHECK((dweight == nullptr), ==, (weight == nullptr));
    on.each(dh.count, [&](int i) {
        float sum = 0;
        for (int j = 0; j < dh.width; j += swiglu_piece) {
            const float piece = detail::swiglu_row_back<Isa>(
                dgate[i] + j, dup[i] + j, dh[i] + j, gate[i] + j, up[i] + j,
                weight ? weight[i] : 1.0F, smaller(swiglu_piece, dh.width - j));
            sum = j == 0 ? piece : sum + piece;
        }
        if (dweight) dweight[i] = sum;
    });
}

}  // namespace moe::op
