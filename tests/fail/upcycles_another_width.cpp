// SPDX-License-Identifier: MIT
// expect: moe: to compute what the dense layer computes, either
#include "nano.hpp"

struct dense : nano {
    moe::experts ffn{
        .routed = 16, .intermediate = 256, .dense_layers = 6, .dense_intermediate = 768};
};
struct wrong : dense {
    using upcycles = dense;
    moe::experts ffn{.routed = 8, .shared = 2, .intermediate = 256};
    moe::sigmoid_top_k routing{.active = 2};
};
static_assert(moe::checked<wrong>());
