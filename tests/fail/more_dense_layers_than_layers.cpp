// SPDX-License-Identifier: MIT
// expect: moe: ffn.dense_layers must not exceed model.layers.
#include "nano.hpp"

struct wrong : nano {
    moe::experts ffn{
        .routed = 16, .intermediate = 256, .dense_layers = 7, .dense_intermediate = 768};
};
static_assert(moe::checked<wrong>());
