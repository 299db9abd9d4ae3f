// SPDX-License-Identifier: MIT
// expect: moe: model.rope_base must be greater than 1.
#include "nano.hpp"

struct wrong : nano {
    moe::transformer model{
        .vocab = 256, .context = 256, .layers = 6, .hidden = 256, .rope_base = 1};
};
static_assert(moe::checked<wrong>());
