// SPDX-License-Identifier: MIT
// expect: moe: model.context must not exceed rope_scaling.factor times original_length.
#include "nano.hpp"

struct wrong : nano {
    moe::transformer model{.vocab = 256,
                           .context = 32768,
                           .layers = 6,
                           .hidden = 256,
                           .rope_scaling = {.factor = 4, .original_length = 4096}};
};
static_assert(moe::checked<wrong>());
