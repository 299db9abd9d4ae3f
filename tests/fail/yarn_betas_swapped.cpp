// SPDX-License-Identifier: MIT
// expect: moe: model.rope_scaling.beta_fast must be greater than beta_slow,
#include "nano.hpp"

struct wrong : nano {
    moe::transformer model{.vocab = 256,
                           .context = 256,
                           .layers = 6,
                           .hidden = 256,
                           .rope_scaling = {.factor = 4, .beta_fast = 1, .beta_slow = 32}};
};
static_assert(moe::checked<wrong>());
