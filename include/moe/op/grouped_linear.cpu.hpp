// SPDX-License-Identifier: MIT
// The products of op/grouped_linear.hpp on the CPU: the blocks of all experts in one list, so that
// experts with few rows fill the threads together. The same bits as the specification.
#pragma once

#include <moe/op/gemm.cpu.hpp>
#include <moe/op/grouped_linear.hpp>

namespace moe::op {

template <class Isa>
void grouped_linear(cpu_on<Isa> on, rows<float> y, picked<float> x, matrices<float> w, groups g) {
    MOE_CHECK(g.count, ==, w.count);
    MOE_CHECK(g.rows(), <=, y.count);
    MOE_CHECK(y.width, ==, w.out);
    MOE_CHECK(x.from.width, ==, w.in);
    const auto rows_of = [&](int e) { return g.first[e + 1] - g.first[e]; };
    detail::each_block(on, g.count, w.out, rows_of, [&](int e, detail::block b) {
        const detail::rows_along left{x, g.first[e]};
        const detail::sums_into sums{y.part(g.first[e], rows_of(e))};
        if (w.packed)
            detail::multiply_block<Isa>(left, detail::packed_panels{w[e].packed, w.out, w.in}, sums,
                                        b, w.in);
        else
            detail::multiply_block<Isa>(left, detail::panels_of{w[e].view()}, sums, b, w.in);
    });
}

template <class Isa>
void grouped_linear_backward_input(cpu_on<Isa> on, rows<float> dx, picked<float> dy,
                                   matrices<float> w, groups g) {
    MOE_CHECK(g.count, ==, w.count);
    MOE_CHECK(g.rows(), <=, dx.count);
    MOE_CHECK(dy.from.width, ==, w.out);
    MOE_CHECK(dx.width, ==, w.in);
    const auto rows_of = [&](int e) { return g.first[e + 1] - g.first[e]; };
    detail::each_block(on, g.count, w.in, rows_of, [&](int e, detail::block b) {
        detail::multiply_block<Isa>(detail::rows_along{dy, g.first[e]},
                                    detail::rows_across{w[e].view()},
                                    detail::sums_into{dx.part(g.first[e], rows_of(e))}, b, w.out);
    });
}

template <class Isa>
void grouped_linear_backward_weight(cpu_on<Isa> on, rows<float> dw, picked<float> dy,
                                    picked<float> x, groups g) {
    const int out = dy.from.width;
    MOE_CHECK(dw.count, ==, g.count * out);
    MOE_CHECK(dw.width, ==, x.from.width);
    const auto rows_of = [&](int e) { return g.first[e + 1] > g.first[e] ? out : 0; };
    detail::each_block(on, g.count, dw.width, rows_of, [&](int e, detail::block b) {
        detail::multiply_block<Isa>(
            detail::rows_down{dy, g.first[e]}, detail::rows_across{x, g.first[e]},
            detail::sums_onto{dw.part(e * out, out)}, b, g.first[e + 1] - g.first[e]);
    });
}

}  // namespace moe::op
