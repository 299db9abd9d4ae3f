// SPDX-License-Identifier: MIT
// rotated_linear on the CPU: whoever has computed a block of the product rotates it while it is in
// the nearest caches.
#pragma once

#include <moe/op/linear.cpu.hpp>
#include <moe/op/rope.cpu.hpp>
#include <moe/op/rotated_linear.hpp>

namespace moe::op {

template <class Isa, cpu_number T>
void rotated_linear(cpu_on<Isa> on, rows<T> y, input<T> x, matrix<same<T>> w, head_columns where,
                    rotary<float> turn, positions at) {
    MOE_CHECK(y.count, ==, x.count);
    MOE_CHECK(y.width, ==, w.out);
    MOE_CHECK(x.width, ==, w.in);
    MOE_CHECK(where.first % 2 + where.stride % 2, ==, 0);
    detail::check_rotation(y, where, turn);
    const auto block = [&](int, detail::block b) {
        detail::linear_block<Isa>(y, picked<T>(x), 0, w, b);
        const lanes<Isa> sign = detail::signs_of<Isa>(-1.0F);
        for (int t = b.row; t < b.row + b.rows; ++t) {
            const float* const angles =
                turn.table + std::ptrdiff_t(at.first + t % at.length) * turn.dim;
            detail::rotate_row<Isa>(y[t], b.column, b.column + b.columns, where, angles, turn.dim,
                                    sign);
        }
    };
    detail::each_block(on, detail::product_list{1, w.out, detail::widest_block<T>(w.in),
                                                [&](int) { return y.count; }, block});
}

}  // namespace moe::op
