// SPDX-License-Identifier: MIT
// expect: moe: ffn.dense_intermediate must be a multiple of 128
#include "coded.hpp"

struct wrong : coded {
    moe::experts ffn{
        .routed = 16, .intermediate = 128, .dense_layers = 1, .dense_intermediate = 320};
};
static_assert(moe::checked<wrong>());
