// SPDX-License-Identifier: MIT
// swiglu on the CPU: split over rows. h, dgate and dup have the bits of the specification in float.
#pragma once

#include <moe/device/cpu.hpp>
#include <moe/device/sweep.hpp>
#include <moe/op/swiglu.hpp>

namespace moe::op {

template <class Isa, cpu_number T>
void swiglu(cpu_on<Isa> on, rows<T> h, input<T> gate, input<T> up, const float* weight) {
    using vector = lanes<Isa>;
    MOE_CHECK(gate.count, ==, h.count);
    MOE_CHECK(gate.width, ==, h.width);
    MOE_CHECK(up.count, ==, h.count);
    MOE_CHECK(up.width, ==, h.width);
    on.each(h.count, [&](int i) {
        const vector w = vector::splat(weight ? weight[i] : 1.0F);
        sweep(h.width, [&](int j, auto n) {
            const vector g = load<vector>(gate[i] + j, n);
            store(h[i] + j, n, g * sigmoid(g) * load<vector>(up[i] + j, n) * w);
        });
    });
}

template <class Isa, cpu_number T>
void swiglu_backward(cpu_on<Isa> on, rows<T> dgate, output<T> dup, float* dweight, input<T> dh,
                     input<T> gate, input<T> up, const float* weight) {
    using vector = lanes<Isa>;
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
        const vector w = vector::splat(weight ? weight[i] : 1.0F), one = vector::splat(1.0F);
        vector products = vector::splat(0.0F);
        sweep(dh.width, [&](int j, auto n) {
            const vector g = load<vector>(gate[i] + j, n), u = load<vector>(up[i] + j, n);
            const vector d = load<vector>(dh[i] + j, n), s = sigmoid(g);
            products = fma(d, g * s * u, products);
            store(dup[i] + j, n, d * w * (g * s));
            store(dgate[i] + j, n, d * w * u * (s * (one + g * (one - s))));
        });
        if (dweight) dweight[i] = sum(products);
    });
}

}  // namespace moe::op
