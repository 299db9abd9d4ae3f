// SPDX-License-Identifier: MIT
// Products in e4m3 on the CPU: those of bfloat16 with other operands.
#pragma once

#include <moe/op/e4m3_linear.hpp>
#include <moe/op/gemm_e4m3_operands.cpu.hpp>

namespace moe::op {

namespace detail {

inline unpacked_e4m3 unpacked(const matrix<e4m3>& w) { return {w.at, w.scale, w.out, w.in}; }

template <class Isa> struct product_back<Isa, bfloat16, e4m3> {
    static auto factors_of(picked<bfloat16> dy, int first, const matrix<e4m3>& w) {
        return factors{e4m3_along<Isa, rows<const bfloat16>>({dy.from, dy.index}, first),
                       e4m3_panels_back<Isa>{w.across, w.packed, w.out, w.in, unpacked(w)}, w.out};
    }
};

template <class Isa, class Source>
void e4m3_block(rows<bfloat16> y, const e4m3_rows<Source>& x, int first, const matrix<e4m3>& w,
                block b) {
    multiply_block<Isa>(
        sums_into<bfloat16>(y), b,
        factors{e4m3_along<Isa, Source>(x, first),
                packed_panels<Isa, e4m3, bfloat16>{w.packed, w.out, w.in, unpacked(w)}, w.in});
}
template <class Isa, class G, class Y, class X>
void e4m3_block_of_weight(rows<G> dw, const e4m3_rows<Y>& dy, const e4m3_rows<X>& x, int first,
                          int count, block b) {
    multiply_block<Isa>(
        sums_onto<G>(dw), b,
        factors{e4m3_down<Isa, Y>(dy, first), e4m3_across<Isa, X>{x, first}, count});
}

}  // namespace detail

template <class Isa, class Source>
void linear(cpu_on<Isa> on, rows<bfloat16> y, e4m3_rows<Source> x, matrix<e4m3> w) {
    MOE_CHECK(y.count, ==, detail::count_of(x.from));
    MOE_CHECK(y.width, ==, w.out);
    MOE_CHECK(x.width(), ==, w.in);
    detail::each_block(
        on, detail::product_list{
                1, w.out, detail::widest_block<bfloat16>(w.in), [&](int) { return y.count; },
                [&](int, detail::block b) { detail::e4m3_block<Isa>(y, x, 0, w, b); }});
}
template <class Isa, cpu_number G, class X>
void linear_backward_weight(cpu_on<Isa> on, rows<G> dw, rows<const bfloat16> dy, e4m3_rows<X> x) {
    MOE_CHECK(dw.count, ==, dy.width);
    MOE_CHECK(dw.width, ==, x.width());
    if (dy.count == 0) return;
    detail::each_block(on, detail::product_list{1, dw.width, detail::widest_block<G>(dy.count),
                                                [&](int) { return dw.count; },
                                                [&](int, detail::block b) {
                                                    detail::e4m3_block_of_weight<Isa>(
                                                        dw, e4m3_rows{dy}, x, 0, dy.count, b);
                                                }});
}
template <class Isa, class Source>
void rotated_linear(cpu_on<Isa> on, rows<bfloat16> y, e4m3_rows<Source> x, matrix<e4m3> w,
                    head_columns where, rotary<float> turn, positions at) {
    MOE_CHECK(y.count, ==, detail::count_of(x.from));
    MOE_CHECK(y.width, ==, w.out);
    MOE_CHECK(x.width(), ==, w.in);
    detail::rotated_blocks(on, y, w.in, where, turn, at,
                           [&](detail::block b) { detail::e4m3_block<Isa>(y, x, 0, w, b); });
}

}  // namespace moe::op
