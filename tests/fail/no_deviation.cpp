// SPDX-License-Identifier: MIT
// expect: moe: model.initial_deviation must be positive:
#include "nano.hpp"

struct wrong : nano {
    moe::transformer model{
        .vocab = 256, .context = 256, .layers = 6, .hidden = 256, .initial_deviation = 0};
};
static_assert(moe::checked<wrong>());
