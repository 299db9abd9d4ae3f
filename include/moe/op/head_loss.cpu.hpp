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
// so that it does not depend on the C library's float version.
template <class Isa>
float lane_cross_entropy(float* row, int width, int target, const float* scale) {
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
        sweep(width, [&](int i, auto n) { store(row + i, n, load<vector>(row + i, n) * share); });
        row[target] -= *scale;
    }
    return float(std::log(double(total))) + (most - at_target);
}

template <class Isa>
void loss_of_chunk(cpu_on<Isa> on, float* losses, rows<float> logits, const int* targets,
                   const float* scale) {
    on.each(logits.count, [&](int t) {
        MOE_CHECK(targets[t], <, logits.width);
        losses[t] = 0;
        if (targets[t] >= 0)
            losses[t] = lane_cross_entropy<Isa>(logits[t], logits.width, targets[t], scale);
        else
            for (int j = 0; j < logits.width; ++j) logits(t, j) = 0;
    });
}

}  // namespace detail

template <class Isa>
void head_loss(cpu_on<Isa> on, float* losses, rows<const float> x, matrix<float> w,
               const int* targets, rows<float> scratch) {
    MOE_CHECK(scratch.width, ==, w.out);
    detail::each_chunk(x.count, scratch, [&](int first, rows<float> logits) {
        linear(on, logits, x.part(first, logits.count), w);
        detail::loss_of_chunk(on, losses + first, logits, targets + first, nullptr);
    });
}

template <class Isa>
void head_loss_backward(cpu_on<Isa> on, float* losses, rows<float> dx, rows<float> dw,
                        rows<const float> x, matrix<float> w, const int* targets, float scale,
                        rows<float> scratch) {
    MOE_CHECK(scratch.width, ==, w.out);
    MOE_CHECK(dx.count, ==, x.count);
    detail::each_chunk(x.count, scratch, [&](int first, rows<float> logits) {
        const rows<const float> in = x.part(first, logits.count);
        linear(on, logits, in, w);
        detail::loss_of_chunk(on, losses + first, logits, targets + first, &scale);
        linear_backward_input(on, dx.part(first, logits.count), logits, w);
        linear_backward_weight(on, dw, logits, in);
    });
}

}  // namespace moe::op
