// SPDX-License-Identifier: MIT
// The output head and its cross entropy, a chunk of tokens at a time: logits exist only for as many
// tokens as 'scratch' has rows.
//     logits = x w^T        loss = log(sum of exp(logits)) - logits[target]
//     dlogits = scale (softmax(logits) - onehot(target))        dx = dlogits w        dw +=
//     dlogits^T x
// A target below 0 is padding: loss 0, no gradient. The size of the chunks changes no
// bit, if it is even (pairs of bfloat16).
// x, dx: (tokens, hidden)    w, dw: (vocabulary, hidden)    losses, targets: (tokens)
// scratch: (1 or more, vocabulary), logits in the wide type of x; narrow: the same shape, where
// their gradient becomes an operand in the type of x: scratch itself if that is the same type
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

// T: of x and w
template <class T>
void head_loss(reference on, wide<T>* losses, rows<const T> x, matrix<T> w, const int* targets,
               rows<wide<T>> scratch) {
    MOE_CHECK(scratch.width, ==, w.out);
    detail::each_chunk(x.count, scratch, [&](int first, rows<wide<T>> logits) {
        linear(on, logits, x.part(first, logits.count), w);
        for (int t = 0; t < logits.count; ++t) {
            const int target = targets[first + t];
            MOE_CHECK(target, <, w.out);
            losses[first + t] =
                target < 0 ? wide<T>(0)
                           : detail::cross_entropy<wide<T>>(logits[t], w.out, target, nullptr);
        }
    });
}

// Forward and backward at once. dx is assigned, dw (of G's) added to, unless it is a view of
// nothing: then the head is not trained.
template <class T, class G>
void head_loss_backward(reference on, wide<T>* losses, rows<T> dx, rows<G> dw, input<T> x,
                        matrix<T> w, const int* targets, wide<T> scale, rows<wide<T>> scratch,
                        output<T> narrow) {
    MOE_CHECK(scratch.width, ==, w.out);
    MOE_CHECK(narrow.width, ==, w.out);
    MOE_CHECK(narrow.count, >=, scratch.count);
    detail::each_chunk(x.count, scratch, [&](int first, rows<wide<T>> logits) {
        const input<T> in = x.part(first, logits.count);
        const rows<const T> d_logits = narrow.part(0, logits.count);
        linear(on, logits, in, w);
        for (int t = 0; t < logits.count; ++t) {
            const int target = targets[first + t];
            MOE_CHECK(target, <, w.out);
            losses[first + t] = 0;
            if (target >= 0)
                losses[first + t] = detail::cross_entropy(logits[t], w.out, target, &scale);
            for (int j = 0; j < w.out; ++j)
                narrow(t, j) = T(target >= 0 ? logits(t, j) : wide<T>(0));
        }
        linear_backward_input(on, dx.part(first, logits.count), d_logits, w);
        if (dw.at) linear_backward_weight(on, dw, d_logits, in);
    });
}

}  // namespace moe::op

#include <moe/op/head_loss.cpu.hpp>
