// SPDX-License-Identifier: MIT
// rotated_linear on the CPU: whoever has computed a block of the product rotates it while it is in
// the nearest caches.
#pragma once

#include <moe/op/linear.cpu.hpp>
#include <moe/op/rope.cpu.hpp>
#include <moe/op/rotated_linear.hpp>

namespace moe::op {

namespace detail {
// multiply(block) computes a block of the product y, summed over 'in' numbers.
template <class Isa, class T, class Multiply>
void rotated_blocks(cpu_on<Isa> on, rows<T> y, int in, head_columns where, rotary<float> turn,
                    positions at, const Multiply& multiply) {
    MOE_CHECK(where.first % 2 + where.stride % 2, ==, 0);
    check_rotation(y, where, turn);
    const auto work = [&](int, block b) {
        multiply(b);
        const lanes<Isa> sign = signs_of<Isa>(-1.0F);
        for (int t = b.row; t < b.row + b.rows; ++t) {
            const float* const angles =
                turn.table + std::ptrdiff_t(at.first + t % at.length) * turn.dim;
            rotate_row<Isa>(y[t], b.column, b.column + b.columns, where, angles, turn.dim, sign);
        }
    };
    each_block(on,
               product_list{1, y.width, widest_block<T>(in), [&](int) { return y.count; }, work});
}
}  // namespace detail

template <class Isa, cpu_number T>
void rotated_linear(cpu_on<Isa> on, rows<T> y, input<T> x, matrix<same<T>> w, head_columns where,
                    rotary<float> turn, positions at) {
    MOE_CHECK(y.count, ==, x.count);
    MOE_CHECK(y.width, ==, w.out);
    MOE_CHECK(x.width, ==, w.in);
    detail::rotated_blocks(on, y, w.in, where, turn, at, [&](detail::block b) {
        detail::linear_block<Isa>(y, picked<T>(x), 0, w, b);
    });
}

}  // namespace moe::op
