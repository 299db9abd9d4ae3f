// SPDX-License-Identifier: MIT
// A projection to queries or keys and its rotary positions at once: y = x w^T (op/linear.hpp), then
// op/rope.hpp on the columns of y that the heads rotate. The bits are those of the two ops one
// after the other. head_columns::first and stride are even, so that no pair is torn.
#pragma once

#include <moe/op/linear.hpp>
#include <moe/op/rope.hpp>

namespace moe::op {

// Row t sits at position + t % length.
struct positions {
    int length = 0, first = 0;
};

template <class T>
void rotated_linear(reference on, rows<T> y, input<T> x, matrix<same<T>> w, head_columns where,
                    rotary<wide<T>> turn, positions at) {
    linear(on, y, x, w);
    rope(on, y, where, turn, at.length, at.first);
}

}  // namespace moe::op

#include <moe/op/rotated_linear.cpu.hpp>
