// SPDX-License-Identifier: MIT
// The three products of a linear layer without bias.
//     y = x w^T        dx = dy w        dw += dy^T x
// x, dx: (tokens, in)    y, dy: (tokens, out)    w, dw: (out, in)
// Every number of a result is one chain of fused multiply-adds over the summed index, first to
// last: from zero for y and dx, from what is there for dw. Where both operands are bfloat16, the
// chain is one of floats and goes pair by pair, the odd member first, with subnormal numbers as
// zero; results in bfloat16 are rounded once, at its end, and a dw in bfloat16 is added to there.
// Each body keeps that order, so in float they all give the bits of this specification.
//
// Operands and results are of one number type, or of several: a router's logits are floats.
#pragma once

#include <moe/core/check.hpp>
#include <moe/device/reference.hpp>
#include <moe/device/subnormals.hpp>
#include <moe/op/pack.hpp>
#include <moe/tensor/view.hpp>

#include <cmath>

namespace moe::op {

// A layer's output gradient and its weight.
template <class Y, class W> struct way_back {
    rows<const Y> dy;
    matrix<W> w;
};
template <class Y, class W> way_back(rows<Y>, matrix<W>) -> way_back<std::remove_const_t<Y>, W>;

namespace detail {

template <class A, class B>
inline constexpr bool in_pairs = std::is_same_v<std::remove_const_t<A>, bfloat16>&&
    std::is_same_v<std::remove_const_t<B>, bfloat16>;

// sum + left(k) right(k) over k in [0, count), in the one order.
template <class Left, class Right, class Sum>
Sum chain(int count, Sum sum, const Left& left, const Right& right) {
    using left_number = decltype(left(0));
    using right_number = decltype(right(0));
    constexpr bool pairs = in_pairs<left_number, right_number>;
    const subnormals_as_zero<pairs> inside;
    for (int i = 0; i < (pairs ? round_up(count, 2) : count); ++i) {
        const int k = pairs ? i ^ 1 : i;
        const Sum a = k < count ? Sum(left(k)) : Sum(0), b = k < count ? Sum(right(k)) : Sum(0);
        sum = std::fma(a, b, sum);
    }
    return sum;
}
// onto + the chain; rounded once where onto is narrower than the sum.
template <class T, class Left, class Right>
T chain_onto(int count, T onto, const Left& left, const Right& right) {
    if constexpr (std::is_same_v<T, wide<T>>)
        return chain(count, onto, left, right);
    else
        return T(chain(count, wide<T>(0), left, right) + wide<T>(onto));
}

// Row t of an output gradient as the product with a weight of W's reads it.
template <class W> struct gradient_row {
    template <class Y> static auto of(const rows<const Y>& dy, int t) {
        return [dy, t](int o) { return dy(t, o); };
    }
};

template <class Y, class X, class W> void linear_chains(rows<Y> y, rows<const X> x, matrix<W> w) {
    MOE_CHECK(y.count, ==, x.count);
    MOE_CHECK(y.width, ==, w.out);
    MOE_CHECK(x.width, ==, w.in);
    for (int t = 0; t < y.count; ++t)
        for (int o = 0; o < w.out; ++o)
            y(t, o) = Y(chain(
                w.in, wide<Y>(0), [&](int i) { return x(t, i); },
                [&](int i) { return weight_at(w, o, i); }));
}
// dx = the sum over all terms of dy w, one chain
template <class X, class... Terms> void linear_chains_back(rows<X> dx, const Terms&... terms) {
    const auto check = [&](const auto& term) {
        MOE_CHECK(dx.count, ==, term.dy.count);
        MOE_CHECK(term.dy.width, ==, term.w.out);
        MOE_CHECK(dx.width, ==, term.w.in);
    };
    (check(terms), ...);
    for (int t = 0; t < dx.count; ++t)
        for (int i = 0; i < dx.width; ++i) {
            wide<X> sum = 0;
            const auto add = [&]<class Y, class W>(const way_back<Y, W>& term) {
                sum = chain(term.w.out, sum, gradient_row<W>::of(term.dy, t),
                            [&](int o) { return weight_at(term.w, o, i); });
            };
            (add(terms), ...);
            dx(t, i) = X(sum);
        }
}
template <class G, class Y, class X>
void linear_chains_of_weight(rows<G> dw, rows<const Y> dy, rows<const X> x) {
    MOE_CHECK(dy.count, ==, x.count);
    MOE_CHECK(dw.count, ==, dy.width);
    MOE_CHECK(dw.width, ==, x.width);
    for (int o = 0; o < dw.count; ++o)
        for (int i = 0; i < dw.width; ++i)
            dw(o, i) = chain_onto(
                x.count, dw(o, i), [&](int t) { return dy(t, o); }, [&](int t) { return x(t, i); });
}

// Types that differ somewhere: those calls say each of them exactly.
template <class First, class... Rest>
concept mixed = !(std::is_same_v<std::remove_const_t<First>, std::remove_const_t<Rest>> && ...);

}  // namespace detail

template <class T> void linear(reference, rows<T> y, input<T> x, matrix<same<T>> w) {
    detail::linear_chains(y, x, w);
}
template <class Y, class X, class W>
requires detail::mixed<Y, X, W>
void linear(reference, rows<Y> y, rows<X> x, matrix<W> w) {
    detail::linear_chains<Y, std::remove_const_t<X>, W>(y, x, w);
}

template <class T>
void linear_backward_input(reference, rows<T> dx, input<T> dy, matrix<same<T>> w) {
    detail::linear_chains_back(dx, way_back{dy, w});
}
// Of an input that several layers read: their sum, one chain over all of them in their order.
template <class X, class... Y, class... W>
void linear_backward_input(reference, rows<X> dx, const way_back<Y, W>&... terms) {
    detail::linear_chains_back(dx, terms...);
}

template <class T> void linear_backward_weight(reference, rows<T> dw, input<T> dy, input<T> x) {
    detail::linear_chains_of_weight(dw, dy, x);
}
template <class G, class Y, class X>
requires detail::mixed<G, Y, X>
void linear_backward_weight(reference, rows<G> dw, rows<Y> dy, rows<X> x) {
    detail::linear_chains_of_weight<G, std::remove_const_t<Y>, std::remove_const_t<X>>(dw, dy, x);
}

}  // namespace moe::op

#include <moe/op/linear.cpu.hpp>
