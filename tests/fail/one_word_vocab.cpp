// SPDX-License-Identifier: MIT
// expect: moe: model.vocab must be at least 2. Write, e.g.: .vocab = 256
#include "nano.hpp"

struct wrong : nano {
    moe::transformer model{.vocab = 1, .context = 256, .layers = 6, .hidden = 256};
};
static_assert(moe::checked<wrong>());
