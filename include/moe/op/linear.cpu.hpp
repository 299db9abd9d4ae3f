// SPDX-License-Identifier: MIT
// The products of op/linear.hpp on the CPU: the same chain of fused multiply-adds for each number,
// hence the same bits.
#pragma once

#include <moe/op/gemm.cpu.hpp>
#include <moe/op/linear.hpp>

namespace moe::op {

namespace detail {

// The factors of one block of y = x w^T, for one weight; then(factors) computes with them.
template <class Isa, class X, class W, class Then>
void with_factors(picked<X> x, int first, const matrix<W>& w, const Then& then) {
    const rows_along<Isa, X, W> left(x, first);
    if constexpr (std::is_same_v<W, float>) {
        if (!w.packed) return then(factors{left, panels_of<Isa, X>{w.view()}, w.in});
        then(factors{left, packed_panels<Isa, W, X>{w.packed, w.out, w.in}, w.in});
    } else {
        then(factors{left, packed_panels<Isa, W, X>{w.packed, w.out, w.in, w.at}, w.in});
    }
}
template <class Isa, class Y, class X, class W>
void linear_block(rows<Y> y, picked<X> x, int first, const matrix<W>& w, block b) {
    with_factors<Isa>(x, first, w,
                      [&](const auto& f) { multiply_block<Isa>(sums_into<Y>(y), b, f); });
}
// Those of dx = dy w. Floats are read where they lie, row by row.
template <class Isa, class Y, class W> struct product_back {
    static auto factors_of(picked<Y> dy, int first, const matrix<W>& w) {
        const rows_along<Isa, Y, W> left(dy, first);
        if constexpr (std::is_same_v<W, float>)
            return factors{left, rows_across<Isa, W, Y>(w.view()), w.out};
        else
            return factors{left, panels_back<Isa>{w.across, w.packed, w.out, w.in, w.at}, w.out};
    }
};
template <class Isa, class Y, class W>
auto factors_back(picked<Y> dy, int first, const matrix<W>& w) {
    return product_back<Isa, Y, W>::factors_of(dy, first, w);
}
// One block of dw += dy^T x over 'count' rows from 'first' on.
template <class Isa, class G, class Y, class X>
void linear_block_of_weight(rows<G> dw, picked<Y> dy, picked<X> x, int first, int count, block b) {
    multiply_block<Isa>(
        sums_onto<G>(dw), b,
        factors{rows_down<Isa, Y, X>(dy, first), rows_across<Isa, X, Y>(x, first), count});
}

template <class Isa, class Y, class X, class W>
void linear_on(cpu_on<Isa> on, rows<Y> y, rows<const X> x, const matrix<W>& w) {
    MOE_CHECK(y.count, ==, x.count);
    MOE_CHECK(y.width, ==, w.out);
    MOE_CHECK(x.width, ==, w.in);
    each_block(on,
               product_list{1, w.out, widest_block<Y>(w.in), [&](int) { return y.count; },
                            [&](int, block b) { linear_block<Isa>(y, picked<X>(x), 0, w, b); }});
}
// dx = the sum over all terms of dy w
template <class Isa, class X, class... Terms>
void linear_back_on(cpu_on<Isa> on, rows<X> dx, const Terms&... terms) {
    const auto check = [&](const auto& term) {
        MOE_CHECK(dx.count, ==, term.dy.count);
        MOE_CHECK(term.dy.width, ==, term.w.out);
        MOE_CHECK(dx.width, ==, term.w.in);
    };
    (check(terms), ...);
    const int deepest = (0 + ... + terms.w.out);
    each_block(on, product_list{1, dx.width, widest_block<X>(deepest, sizeof...(terms)),
                                [&](int) { return dx.count; },
                                [&](int, block b) {
                                    multiply_block<Isa>(
                                        sums_into<X>(dx), b,
                                        factors_back<Isa>(picked(terms.dy), 0, terms.w)...);
                                }});
}
template <class Isa, class G, class Y, class X>
void linear_of_weight_on(cpu_on<Isa> on, rows<G> dw, rows<const Y> dy, rows<const X> x) {
    MOE_CHECK(dy.count, ==, x.count);
    MOE_CHECK(dw.count, ==, dy.width);
    MOE_CHECK(dw.width, ==, x.width);
    if (x.count == 0) return;
    each_block(on,
               product_list{1, dw.width, widest_block<G>(x.count), [&](int) { return dw.count; },
                            [&](int, block b) {
                                linear_block_of_weight<Isa>(dw, picked<Y>(dy), picked<X>(x), 0,
                                                            x.count, b);
                            }});
}

}  // namespace detail

template <class Isa, cpu_number T>
void linear(cpu_on<Isa> on, rows<T> y, input<T> x, matrix<same<T>> w) {
    detail::linear_on(on, y, x, w);
}
template <class Isa, cpu_number Y, class X, class W>
requires detail::mixed<Y, X, W>
void linear(cpu_on<Isa> on, rows<Y> y, rows<X> x, matrix<W> w) {
    detail::linear_on<Isa, Y, std::remove_const_t<X>, W>(on, y, x, w);
}

template <class Isa, cpu_number T>
void linear_backward_input(cpu_on<Isa> on, rows<T> dx, input<T> dy, matrix<same<T>> w) {
    detail::linear_back_on(on, dx, way_back{dy, w});
}
template <class Isa, cpu_number X, class... Y, class... W>
void linear_backward_input(cpu_on<Isa> on, rows<X> dx, const way_back<Y, W>&... terms) {
    detail::linear_back_on(on, dx, terms...);
}

template <class Isa, cpu_number T>
void linear_backward_weight(cpu_on<Isa> on, rows<T> dw, input<T> dy, input<T> x) {
    detail::linear_of_weight_on(on, dw, dy, x);
}
template <class Isa, cpu_number G, class Y, class X>
requires detail::mixed<G, Y, X>
void linear_backward_weight(cpu_on<Isa> on, rows<G> dw, rows<Y> dy, rows<X> x) {
    detail::linear_of_weight_on<Isa, G, std::remove_const_t<Y>, std::remove_const_t<X>>(on, dw, dy,
                                                                                        x);
}

}  // namespace moe::op
