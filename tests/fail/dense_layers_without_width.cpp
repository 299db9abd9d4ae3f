// SPDX-License-Identifier: MIT
// expect: moe: ffn.dense_intermediate must be at least 1 when there are dense layers.
#include "nano.hpp"

struct wrong : nano {
    moe::experts ffn{.routed = 16, .intermediate = 256, .dense_layers = 1};
};
static_assert(moe::checked<wrong>());
