// SPDX-License-Identifier: MIT
// expect: moe: model.rope_scaling.mscale and mscale_all_dim must not be negative.
#include "nano.hpp"

struct wrong : nano {
    moe::transformer model{.vocab = 256,
                           .context = 256,
                           .layers = 6,
                           .hidden = 256,
                           .rope_scaling = {.factor = 4, .mscale = -1}};
};
static_assert(moe::checked<wrong>());
