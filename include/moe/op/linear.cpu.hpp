// SPDX-License-Identifier: MIT
// The products of op/linear.hpp on the CPU: the same chain of fused multiply-adds for each number,
// hence the same bits.
#pragma once

#include <moe/op/gemm.cpu.hpp>
#include <moe/op/linear.hpp>

namespace moe::op {

template <class Isa>
void linear(cpu_on<Isa> on, rows<float> y, rows<const float> x, matrix<float> w) {
    MOE_CHECK(y.count, ==, x.count);
    MOE_CHECK(y.width, ==, w.out);
    MOE_CHECK(x.width, ==, w.in);
    const auto rows_of = [&](int) { return y.count; };
    detail::each_block(on, 1, w.out, rows_of, [&](int, detail::block b) {
        const detail::rows_along left{x};
        const detail::sums_into sums{y};
        if (w.packed)
            detail::multiply_block<Isa>(left, detail::packed_panels{w.packed, w.out, w.in}, sums, b,
                                        w.in);
        else
            detail::multiply_block<Isa>(left, detail::panels_of{w.view()}, sums, b, w.in);
    });
}

template <class Isa>
void linear_backward_input(cpu_on<Isa> on, rows<float> dx, rows<const float> dy, matrix<float> w) {
    MOE_CHECK(dx.count, ==, dy.count);
    MOE_CHECK(dy.width, ==, w.out);
    MOE_CHECK(dx.width, ==, w.in);
    const auto rows_of = [&](int) { return dx.count; };
    detail::each_block(on, 1, w.in, rows_of, [&](int, detail::block b) {
        detail::multiply_block<Isa>(detail::rows_along{dy}, detail::rows_across{w.view()},
                                    detail::sums_into{dx}, b, w.out);
    });
}

template <class Isa>
void linear_backward_weight(cpu_on<Isa> on, rows<float> dw, rows<const float> dy,
                            rows<const float> x) {
    MOE_CHECK(dy.count, ==, x.count);
    MOE_CHECK(dw.count, ==, dy.width);
    MOE_CHECK(dw.width, ==, x.width);
    if (x.count == 0) return;
    const auto rows_of = [&](int) { return dw.count; };
    detail::each_block(on, 1, dw.width, rows_of, [&](int, detail::block b) {
        detail::multiply_block<Isa>(detail::rows_down{dy}, detail::rows_across{x},
                                    detail::sums_onto{dw}, b, x.count);
    });
}

}  // namespace moe::op
