// SPDX-License-Identifier: MIT
// head_loss on the CPU: the products of op/linear.cpu.hpp, and between them rows of logits split
// over the threads.
#pragma once

#include <moe/device/cpu.hpp>
#include <moe/device/sweep.hpp>
#include <moe/op/head_loss.hpp>

#include <limits>

namespace moe::op {

namespace detail {

// As cross_entropy, the sum over sixteen lanes. The logarithm is taken in double and rounded once,
// so that it does not depend on the C library's float version. With 'scale' its gradient goes to
// 'narrow', which may be the row itself.
template <class Isa, class T>
float lane_cross_entropy(float* row, T* narrow, int width, int target, const float* scale) {
    using vector = lanes<Isa>;
    const vector lowest = vector::splat(-std::numeric_limits<float>::infinity());
    vector most_of = lowest, sums = vector::splat(0);
    int j = 0;
    for (; j + lane_count <= width; j += lane_count) most_of = max(vector::load(row + j), most_of);
    float most = largest(most_of);
    for (int i = j; i < width; ++i) most = larger(most, row[i]);
    const vector shift = vector::splat(most);
    const float at_target = row[target];
    sweep(width, [&](int i, auto n) {
        store(row + i, n, exponential(load<vector>(row + i, n) - shift));
        sums = sums + load<vector>(row + i, n);
    });
    const float total = sum(sums);
    if (scale) {
        const vector share = vector::splat(*scale / total);
        const float of_target = row[target] * (*scale / total) - *scale;
        sweep(width,
              [&](int i, auto n) { store(narrow + i, n, load<vector>(row + i, n) * share); });
        narrow[target] = T(of_target);
    }
    return float(std::log(double(total))) + (most - at_target);
}

template <class Isa, class T>
void loss_of_chunk(cpu_on<Isa> on, float* losses, rows<float> logits, rows<T> narrow,
                   const int* targets, const float* scale) {
    on.each(logits.count, [&](int t) {
        MOE_CHECK(targets[t], <, logits.width);
        losses[t] = 0;
        if (targets[t] >= 0)
            losses[t] =
                lane_cross_entropy<Isa>(logits[t], narrow[t], logits.width, targets[t], scale);
        else if (scale)
            for (int j = 0; j < logits.width; ++j) narrow(t, j) = T(0.0F);
    });
}

}  // namespace detail

template <class Isa, cpu_number T>
void head_loss(cpu_on<Isa> on, float* losses, rows<const T> x, matrix<T> w, const int* targets,
               rows<float> scratch) {
    MOE_CHECK(scratch.width, ==, w.out);
    detail::each_chunk(x.count, scratch, [&](int first, rows<float> logits) {
        linear(on, logits, x.part(first, logits.count), w);
        detail::loss_of_chunk(on, losses + first, logits, logits, targets + first, nullptr);
    });
}

template <class Isa, cpu_number T, cpu_number G>
void head_loss_backward(cpu_on<Isa> on, float* losses, rows<T> dx, rows<G> dw, input<T> x,
                        matrix<T> w, const int* targets, float scale, rows<float> scratch,
                        output<T> narrow) {
    MOE_CHECK(scratch.width, ==, w.out);
    MOE_CHECK(narrow.width, ==, w.out);
    MOE_CHECK(narrow.count, >=, scratch.count);
    MOE_CHECK(dx.count, ==, x.count);
    detail::each_chunk(x.count, scratch, [&](int first, rows<float> logits) {
        const input<T> in = x.part(first, logits.count);
        const rows<T> d_logits = narrow.part(0, logits.count);
        linear(on, logits, in, w);
        detail::loss_of_chunk(on, losses + first, logits, d_logits, targets + first, &scale);
        linear_backward_input(on, dx.part(first, logits.count), rows<const T>(d_logits), w);
        if (dw.at) linear_backward_weight(on, dw, rows<const T>(d_logits), in);
    });
}

}  // namespace moe::op
