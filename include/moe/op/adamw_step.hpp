// SPDX-License-Identifier: MIT
// One step of Adam with decoupled weight decay (Loshchilov and Hutter, "Decoupled weight decay
// regularization", 2019, algorithm 2), for one tensor or a stack of them:
//   g <- clip g      m <- beta1 m + (1 - beta1) g      v <- beta2 v + (1 - beta2) g^2
//   w <- w - rate (m / c1 / (sqrt(v / c2) + epsilon) + decay w)        c = 1 - beta^step
// In the same pass the gradient is zeroed for the next step and the packed copies rewritten.
// w, g, m, v (stack * matrix_rows, columns)    copies: op/pack.hpp, matrix by matrix
// Computed in the type of w and m, v; the gradient and the copies may be narrower. Subnormal
// numbers are zero: moments of what gets no gradient any more would pass through them, at a fifth
// of the speed.
#pragma once

#include <moe/core/check.hpp>
#include <moe/device/reference.hpp>
#include <moe/device/subnormals.hpp>
#include <moe/op/pack.hpp>
#include <moe/tensor/view.hpp>

#include <cmath>
#include <cstddef>
#include <limits>

namespace moe {

struct adamw_numbers {
    double rate = 0, beta1 = 0, beta2 = 0, epsilon = 0, decay = 0;
    double correction1 = 1, correction2 = 1;  // 1 - beta^step
    double clip = 1;                          // multiplies the gradient
    // Of the step before its rate (optim/update_bound.hpp): what moments of few bits may not pass.
    double limit = std::numeric_limits<double>::infinity();
};

namespace op {

namespace detail {

// The numbers as the arithmetic of one element uses them.
template <class T> struct adamw_constants {
    T beta1, rest1, beta2, rest2, correct1, correct2, epsilon, decay, back, clip, limit;

    constexpr explicit adamw_constants(const adamw_numbers& n)
        : beta1(T(n.beta1)),
          rest1(T(1 - n.beta1)),
          beta2(T(n.beta2)),
          rest2(T(1 - n.beta2)),
          correct1(T(1 / n.correction1)),
          correct2(T(1 / n.correction2)),
          epsilon(T(n.epsilon)),
          decay(T(n.decay)),
          back(T(-n.rate)),
          clip(T(n.clip)),
          limit(T(n.limit)) {}
};

template <class T, class G>
void adamw_element(T& w, G& g, T& m, T& v, const adamw_constants<T>& c) {
    const T clipped = T(g) * c.clip;
    m = std::fma(c.beta1, m, c.rest1 * clipped);
    v = std::fma(c.beta2, v, c.rest2 * (clipped * clipped));
    const T whole = m * c.correct1 / (std::sqrt(v * c.correct2) + c.epsilon);
    const T step = whole < -c.limit ? -c.limit : whole > c.limit ? c.limit : whole;
    w = std::fma(c.back, std::fma(c.decay, w, step), w);
    g = G(T(0));
}

}  // namespace detail

template <class T, class G, class P>
void adamw_step(reference, rows<T> w, rows<G> g, output<T> m, output<T> v,
                const adamw_numbers& numbers, weight_copies<P> copies, int matrix_rows) {
    if (w.count == 0) return;
    MOE_CHECK(matrix_rows, >, 0);
    MOE_CHECK(w.count % matrix_rows, ==, 0);
    MOE_CHECK(g.count, ==, w.count);
    MOE_CHECK(m.count, ==, w.count);
    MOE_CHECK(v.count, ==, w.count);
    const detail::adamw_constants<T> constants(numbers);
    const subnormals_as_zero<true> inside;
    for (int r = 0; r < w.count; ++r)
        for (int j = 0; j < w.width; ++j)
            detail::adamw_element(w(r, j), g(r, j), m(r, j), v(r, j), constants);
    for (int member = 0; member < w.count / matrix_rows; ++member)
        pack(reference{}, member_of(copies, member, matrix_rows, w.width),
             w.part(member * matrix_rows, matrix_rows));
}

}  // namespace op
}  // namespace moe
