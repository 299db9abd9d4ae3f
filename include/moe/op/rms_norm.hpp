// SPDX-License-Identifier: MIT
// y = x r gain        r = 1 / sqrt(mean(x^2) + epsilon)
// x, y: (tokens, width)    gain: (width)    r: (tokens), kept for the way back
// Zhang and Sennrich, "Root mean square layer normalization", 2019.
#pragma once

#include <moe/core/bfloat16.hpp>
#include <moe/core/math.hpp>
#include <moe/device/reference.hpp>
#include <moe/tensor/view.hpp>

namespace moe::op {

template <class T>
void rms_norm(reference, rows<T> y, wide<T>* r, input<T> x, const wide<T>* gain, wide<T> epsilon) {
    MOE_CHECK(y.count, ==, x.count);
    MOE_CHECK(y.width, ==, x.width);
    for (int i = 0; i < x.count; ++i) {
        wide<T> sum = 0;
        for (int j = 0; j < x.width; ++j) sum += wide<T>(x(i, j)) * x(i, j);
        r[i] = 1 / std::sqrt(sum / wide<T>(x.width) + epsilon);
        for (int j = 0; j < x.width; ++j) y(i, j) = T(x(i, j) * r[i] * gain[j]);
    }
}

// dx = r (gain dy - x r^2 mean(gain dy x))
template <class T>
void rms_norm_backward_input(reference, rows<T> dx, input<T> dy, input<T> x, const wide<T>* r,
                             const wide<T>* gain) {
    MOE_CHECK(dx.count, ==, x.count);
    MOE_CHECK(dx.width, ==, x.width);
    MOE_CHECK(dy.count, ==, x.count);
    MOE_CHECK(dy.width, ==, x.width);
    for (int i = 0; i < x.count; ++i) {
        wide<T> sum = 0;
        for (int j = 0; j < x.width; ++j) sum += gain[j] * dy(i, j) * x(i, j);
        const wide<T> pull = r[i] * r[i] * (sum / wide<T>(x.width));
        for (int j = 0; j < x.width; ++j)
            dx(i, j) = T(r[i] * (gain[j] * dy(i, j) - x(i, j) * pull));
    }
}

// dgain += sum over rows of dy x r            dgain: (1, width)
template <class T>
void rms_norm_backward_weight(reference, rows<wide<T>> dgain, rows<T> dy,
                              input<std::remove_const_t<T>> x, const wide<T>* r) {
    MOE_CHECK(dgain.count, ==, 1);
    MOE_CHECK(dgain.width, ==, x.width);
    MOE_CHECK(dy.count, ==, x.count);
    MOE_CHECK(dy.width, ==, x.width);
    for (int i = 0; i < x.count; ++i)
        for (int j = 0; j < x.width; ++j) dgain(0, j) += dy(i, j) * (x(i, j) * r[i]);
}

}  // namespace moe::op
