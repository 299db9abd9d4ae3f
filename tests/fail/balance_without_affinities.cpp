// SPDX-License-Identifier: MIT
// expect: moe: the loss of slot 'balance' needs affinities,
#include "nano.hpp"

// Routes, but cannot say how probable each expert was.
struct own_top_k {
    int active = 1;
    template <int Experts, class T>
    void choose(int* chosen, T* weight, const T*, const float*) const {
        chosen[0] = 0;
        weight[0] = 1;
    }
    template <int Experts, class T>
    void backward(T* dlogits, const T*, const T*, const int*, const T*) const {
        for (int e = 0; e < Experts; ++e) dlogits[e] = 0;
    }
};
struct wrong : nano {
    own_top_k routing{};
};
static_assert(moe::checked<wrong>());
