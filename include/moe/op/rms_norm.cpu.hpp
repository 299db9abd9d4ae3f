// SPDX-License-Identifier: MIT
// rms_norm on the CPU: split over rows, the gain's gradient over columns.
#pragma once

#include <moe/device/cpu.hpp>
#include <moe/device/sweep.hpp>
#include <moe/op/rms_norm.hpp>

namespace moe::op {

template <class Isa, cpu_number T>
void rms_norm(cpu_on<Isa> on, rows<T> y, float* r, input<T> x, const float* gain, float epsilon) {
    using vector = lanes<Isa>;
    MOE_CHECK(y.count, ==, x.count);
    MOE_CHECK(y.width, ==, x.width);
    on.each(x.count, [&](int i) {
        vector squares = vector::splat(0);
        sweep(x.width, [&](int j, auto n) {
            const vector value = load<vector>(x[i] + j, n);
            squares = fma(value, value, squares);
        });
        r[i] = 1.0F / std::sqrt(sum(squares) / float(x.width) + epsilon);
        const vector scale = vector::splat(r[i]);
        sweep(x.width, [&](int j, auto n) {
            store(y[i] + j, n, load<vector>(x[i] + j, n) * scale * load<vector>(gain + j, n));
        });
    });
}

template <class Isa, cpu_number T>
void rms_norm_backward_input(cpu_on<Isa> on, rows<T> dx, input<T> dy, input<T> x, const float* r,
                             const float* gain) {
    using vector = lanes<Isa>;
    MOE_CHECK(dx.count, ==, x.count);
    MOE_CHECK(dx.width, ==, x.width);
    MOE_CHECK(dy.count, ==, x.count);
    MOE_CHECK(dy.width, ==, x.width);
    on.each(x.count, [&](int i) {
        vector products = vector::splat(0);
        sweep(x.width, [&](int j, auto n) {
            const vector scaled = load<vector>(gain + j, n) * load<vector>(dy[i] + j, n);
            products = fma(scaled, load<vector>(x[i] + j, n), products);
        });
        const vector scale = vector::splat(r[i]);
        const vector pull = vector::splat(-r[i] * r[i] * (sum(products) / float(x.width)));
        sweep(x.width, [&](int j, auto n) {
            const vector scaled = load<vector>(gain + j, n) * load<vector>(dy[i] + j, n);
            store(dx[i] + j, n, scale * fma(load<vector>(x[i] + j, n), pull, scaled));
        });
    });
}

// Every thread owns some columns and goes through the rows in order.
template <class Isa, class T>
requires cpu_number<std::remove_const_t<T>>
void rms_norm_backward_weight(cpu_on<Isa> on, rows<float> dgain, rows<T> dy,
                              input<std::remove_const_t<T>> x, const float* r) {
    using vector = lanes<Isa>;
    MOE_CHECK(dgain.count, ==, 1);
    MOE_CHECK(dgain.width, ==, x.width);
    MOE_CHECK(dy.count, ==, x.count);
    MOE_CHECK(dy.width, ==, x.width);
    on.split(ceil_divide(x.width, lane_count), [&](int first, int last) {
        const int begin = first * lane_count,
                  end = last * lane_count < x.width ? last * lane_count : x.width;
        for (int i = 0; i < x.count; ++i) {
            const vector scale = vector::splat(r[i]);
            sweep(end - begin, [&](int j, auto n) {
                float* sum = dgain.at + begin + j;
                const vector normed = load<vector>(x[i] + begin + j, n) * scale;
                store(sum, n,
                      fma(load<vector>(dy[i] + begin + j, n), normed, load<vector>(sum, n)));
            });
        }
    });
}

}  // namespace moe::op
