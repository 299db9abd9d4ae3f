// SPDX-License-Identifier: MIT
// expect: moe: model.norm_epsilon must be positive.
#include "nano.hpp"

struct wrong : nano {
    moe::transformer model{
        .vocab = 256, .context = 256, .layers = 6, .hidden = 256, .norm_epsilon = 0};
};
static_assert(moe::checked<wrong>());
