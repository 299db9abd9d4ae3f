// SPDX-License-Identifier: MIT
// rope on the CPU: split over rows, eight pairs at a time. The same bits as the specification.
#pragma once

#include <moe/device/cpu.hpp>
#include <moe/device/sweep.hpp>
#include <moe/op/rope.hpp>

namespace moe::op::detail {

// What the sine is multiplied with in each lane: even_sign in the even ones.
template <class Isa> lanes<Isa> signs_of(float even_sign) {
    float signs[lane_count];
    for (int i = 0; i < lane_count; ++i) signs[i] = i % 2 == 0 ? even_sign : -even_sign;
    return lanes<Isa>::load(signs);
}

// Columns [begin, end) of one row, both even; angles: of its position.
template <class Isa, class T>
void rotate_row(T* row, int begin, int end, head_columns where, const float* angles, int dim,
                lanes<Isa> sign) {
    using vector = lanes<Isa>;
    for (int h = 0; h < where.heads; ++h) {
        const int head = h * where.stride + where.first;
        const int from = larger(begin, head), width = smaller(end, head + dim) - from;
        if (width <= 0) continue;
        const float* const turns = angles + (from - head);
        sweep(width, [&](int j, auto n) {
            const vector pairs = load<vector>(row + from + j, n);
            const vector angle = load<vector>(turns + j, n);
            store(row + from + j, n,
                  fma(swap_pairs(pairs), odd_twice(angle) * sign, pairs * even_twice(angle)));
        });
    }
}

template <class Isa, class T>
void rotate(cpu_on<Isa> on, rows<T> x, head_columns where, rotary<float> turn, int length,
            int position, float even_sign) {
    check_rotation(x, where, turn);
    on.each(x.count, [&](int t) {
        rotate_row<Isa>(x[t], 0, x.width, where,
                        turn.table + std::ptrdiff_t(position + t % length) * turn.dim, turn.dim,
                        signs_of<Isa>(even_sign));
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
