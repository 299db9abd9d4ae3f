// SPDX-License-Identifier: MIT
// The output head and its cross entropy, a chunk of tokens at a time: logits exist only for as many
// tokens as 'scratch' has rows.
//     logits = x w^T        loss = log(sum of exp(logits)) - logits[target]
//     dlogits = scale (softmax(logits) - onehot(target))        dx = dlogits w        dw +=
//     dlogits^T x
// A target below 0 is padding: loss 0, no gradient. The size of the chunks changes no bit.
// x, dx: (tokens, hidden)    w, dw: (vocabulary, hidden)    losses, targets: (tokens)
// scratch: (1 or more, vocabulary)
// Chunks with the gradient taken at once: Hsu et al., "Liger kernel", 2024, section 3.2.
#pragma once

#include <moe/core/check.hpp>
#include <moe/core/math.hpp>
#include <moe/device/reference.hpp>
#include <moe/op/linear.hpp>
#include <moe/tensor/view.hpp>

#include <cmath>

namespace moe::op {

namespace detail {

// The loss of one row of logits. With 'scale' the row becomes the gradient of scale times the loss.
template <class T> T cross_entropy(T* row, int width, int target, const T* scale) {
    T most = row[0], sum = 0;
    for (int j = 1; j < width; ++j) most = larger(most, row[j]);
    for (int j = 0; j < width; ++j) sum += exponential(row[j] - most);
    const T loss = std::log(sum) + (most - row[target]);
    if (scale) {
        for (int j = 0; j < width; ++j) row[j] = exponential(row[j] - most) * (*scale / sum);
        row[target] -= *scale;
    }
    return loss;
}

// work(first, rows of logits) for one chunk after the other.
template <class T, class Work> void each_chunk(int count, rows<T> scratch, const Work& work) {
    MOE_CHECK(scratch.count, >, 0);
    for (int first = 0; first < count; first += scratch.count)
        work(first, scratch.part(0, smaller(scratch.count, count - first)));
}

}  // namespace detail

template <class T>
void head_loss(reference on, T* losses, input<T> x, matrix<same<T>> w, const int* targets,
               output<T> scratch) {
    MOE_CHECK(scratch.width, ==, w.out);
    detail::each_chunk(x.count, scratch, [&](int first, rows<T> logits) {
        linear(on, logits, x.part(first, logits.count), w);
        for (int t = 0; t < logits.count; ++t) {
            const int target = targets[first + t];
            MOE_CHECK(target, <, w.out);
            losses[first + t] =
                target < 0 ? T(0) : detail::cross_entropy<T>(logits[t], w.out, target, nullptr);
        }
    });
}

// Forward and backward at once. dx is assigned, dw added to.
template <class T>
void head_loss_backward(reference on, T* losses, output<T> dx, output<T> dw, input<T> x,
                        matrix<same<T>> w, const int* targets, same<T> scale, output<T> scratch) {
    MOE_CHECK(scratch.width, ==, w.out);
    detail::each_chunk(x.count, scratch, [&](int first, rows<T> logits) {
        const input<T> in = x.part(first, logits.count);
        linear(on, logits, in, w);
        for (int t = 0; t < logits.count; ++t) {
            const int target = targets[first + t];
            MOE_CHECK(target, <, w.out);
            losses[first + t] = 0;
            if (target >= 0)
                losses[first + t] = detail::cross_entropy(logits[t], w.out, target, &scale);
            else
                for (int j = 0; j < w.out; ++j) logits(t, j) = 0;
        }
        linear_backward_input(on, dx.part(first, logits.count), logits, w);
        linear_backward_weight(on, dw, logits, in);
    });
}

}  // namespace moe::op

#include <moe/op/head_loss.cpu.hpp>
