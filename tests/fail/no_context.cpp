// SPDX-License-Identifier: MIT
// expect: moe: model.context must be at least 1.
#include "nano.hpp"

struct wrong : nano {
    moe::transformer model{.vocab = 256, .layers = 6, .hidden = 256};
};
static_assert(moe::checked<wrong>());
