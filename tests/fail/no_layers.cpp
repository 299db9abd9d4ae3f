// SPDX-License-Identifier: MIT
// expect: moe: model.layers must be at least 1.
#include "nano.hpp"

struct wrong : nano {
    moe::transformer model{.vocab = 256, .context = 256, .layers = 0, .hidden = 256};
};
static_assert(moe::checked<wrong>());
