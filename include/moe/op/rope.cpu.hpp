// SPDX-License-Identifier: MIT
// rope on the CPU: split over rows, eight pairs at a time. The same bits as the specification.
#pragma once

#include <moe/device/cpu.hpp>
#include <moe/device/sweep.hpp>
#include <moe/op/rope.hpp>

namespace moe::op::detail {

// sign: what the sine is multiplied with in the even and in the odd lane of a pair
template <class Isa, class T>
void rotate(cpu_on<Isa> on, rows<T> x, head_columns where, rotary<float> turn, int length,
            int position, float even_sign) {
    using vector = lanes<Isa>;
    check_rotation(x, where, turn);
    float signs[lane_count];
    for (int i = 0; i < lane_count; ++i) signs[i] = i % 2 == 0 ? even_sign : -even_sign;
    on.each(x.count, [&](int t) {
        const vector sign = vector::load(signs);
        const float* row = turn.table + std::ptrdiff_t(position + t % length) * turn.dim;
        for (int h = 0; h < where.heads; ++h) {
            T* head = x[t] + h * where.stride + where.first;
            sweep(turn.dim, [&](int j, auto n) {
                const vector pairs = load<vector>(head + j, n), angle = load<vector>(row + j, n);
                store(head + j, n,
                      fma(swap_pairs(pairs), odd_twice(angle) * sign, pairs * even_twice(angle)));
            });
        }
    });
}

}  // namespace moe::op::detail

namespace moe::op {

template <class Isa, cpu_number T>
void rope(cpu_on<Isa> on, rows<T> x, head_columns where, rotary<float> turn, int length,
          int position) {
    detail::rotate(on, x, where, turn, length, position, -1.0F);
}
template <class Isa, cpu_number T>
void rope_backward(cpu_on<Isa> on, rows<T> dx, head_columns where, rotary<float> turn, int length,
                   int position) {
    detail::rotate(on, dx, where, turn, length, position, 1.0F);
}

}  // namespace moe::op
