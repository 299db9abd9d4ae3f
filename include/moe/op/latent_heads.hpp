// SPDX-License-Identifier: MIT
// Multi-head latent attention: from what the two latent projections give to keys and values a head,
// and back (DeepSeek-V2, section 2.1.2; DeepSeek-V3, equations 1 to 5).
//
// expanded: (tokens, heads * (nope + value)), per head the key's part without position, then the
// value. shared: (tokens, rope), the rotated part of the key that all heads have in common.
// k: (tokens, heads * (nope + rope))   v: (tokens, heads * value)
#pragma once

#include <moe/core/bfloat16.hpp>
#include <moe/tensor/view.hpp>

namespace moe {

struct latent_shape {
    int heads, nope, rope, value;
};

namespace op {

template <class On, class T>
void join_latent_heads(On on, rows<T> k, output<T> v, input<T> expanded, input<T> shared,
                       latent_shape s) {
    MOE_CHECK(k.width, ==, s.heads * (s.nope + s.rope));
    MOE_CHECK(expanded.width, ==, s.heads * (s.nope + s.value));
    on.each(k.count, [&](int t) {
        for (int h = 0; h < s.heads; ++h) {
            const T* from = expanded[t] + h * (s.nope + s.value);
            T* key = k[t] + h * (s.nope + s.rope);
            T* value = v[t] + h * s.value;
            for (int j = 0; j < s.nope; ++j) key[j] = from[j];
            for (int j = 0; j < s.rope; ++j) key[s.nope + j] = shared[t][j];
            for (int j = 0; j < s.value; ++j) value[j] = from[s.nope + j];
        }
    });
}

// The shared part's gradient is the sum over heads, in their order.
template <class On, class T>
void join_latent_heads_backward(On on, rows<T> dexpanded, output<T> dshared, input<T> dk,
                                input<T> dv, latent_shape s) {
    on.each(dexpanded.count, [&](int t) {
        T* common = dshared[t];
        for (int j = 0; j < s.rope; ++j) {
            wide<T> sum = 0;
            for (int h = 0; h < s.heads; ++h) sum += dk(t, h * (s.nope + s.rope) + s.nope + j);
            common[j] = T(sum);
        }
        for (int h = 0; h < s.heads; ++h) {
            T* to = dexpanded[t] + h * (s.nope + s.value);
            const T* key = dk[t] + h * (s.nope + s.rope);
            const T* value = dv[t] + h * s.value;
            for (int j = 0; j < s.nope; ++j) to[j] = key[j];
            for (int j = 0; j < s.value; ++j) to[s.nope + j] = value[j];
        }
    });
}

}  // namespace op
}  // namespace moe
