// SPDX-License-Identifier: MIT
// expect: moe: ffn.dense_intermediate must be 0 when ffn.dense_layers is 0.
#include "nano.hpp"

struct wrong : nano {
    moe::experts ffn{.routed = 16, .intermediate = 256, .dense_intermediate = 768};
};
static_assert(moe::checked<wrong>());
