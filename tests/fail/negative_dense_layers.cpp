// SPDX-License-Identifier: MIT
// expect: moe: ffn.dense_layers must not be negative;
#include "nano.hpp"

struct wrong : nano {
    moe::experts ffn{.routed = 16, .intermediate = 256, .dense_layers = -1};
};
static_assert(moe::checked<wrong>());
