// SPDX-License-Identifier: MIT
// expect: moe: model.rope_scaling has numbers but no factor, so they change nothing.
#include "nano.hpp"

struct wrong : nano {
    moe::transformer model{.vocab = 256,
                           .context = 256,
                           .layers = 6,
                           .hidden = 256,
                           .rope_scaling = {.original_length = 2048}};
};
static_assert(moe::checked<wrong>());
