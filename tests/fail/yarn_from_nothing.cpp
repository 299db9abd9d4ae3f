// SPDX-License-Identifier: MIT
// expect: moe: model.rope_scaling.original_length must be at least 1,
#include "nano.hpp"

struct wrong : nano {
    moe::transformer model{.vocab = 256,
                           .context = 256,
                           .layers = 6,
                           .hidden = 256,
                           .rope_scaling = {.factor = 4, .original_length = 0}};
};
static_assert(moe::checked<wrong>());
