// SPDX-License-Identifier: MIT
// y[t] = table[ids[t]]
// y: (tokens, width)    table: (vocab, width), the master    ids: (tokens), each in [0, vocab)
#pragma once

#include <moe/core/bfloat16.hpp>
#include <moe/device/reference.hpp>
#include <moe/tensor/view.hpp>

namespace moe::op {

template <class T> void embedding(reference, rows<T> y, input<wide<T>> table, const int* ids) {
    MOE_CHECK(y.width, ==, table.width);
    for (int t = 0; t < y.count; ++t) {
        MOE_CHECK(ids[t], >=, 0);
        MOE_CHECK(ids[t], <, table.count);
        for (int j = 0; j < y.width; ++j) y(t, j) = T(table(ids[t], j));
    }
}

// dtable[ids[t]] += dy[t], in the order of the tokens
// G: of the gradient
template <class G, class T>
void embedding_backward(reference, rows<G> dtable, rows<T> dy, const int* ids) {
    MOE_CHECK(dy.width, ==, dtable.width);
    for (int t = 0; t < dy.count; ++t) {
        MOE_CHECK(ids[t], >=, 0);
        MOE_CHECK(ids[t], <, dtable.count);
        for (int j = 0; j < dy.width; ++j)
            dtable(ids[t], j) = G(wide<G>(dtable(ids[t], j)) + dy(t, j));
    }
}

}  // namespace moe::op
