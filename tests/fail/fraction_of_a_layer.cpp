// SPDX-License-Identifier: MIT
// expect: narrow
#include "nano.hpp"

struct wrong : nano {
    moe::transformer model{.vocab = 256, .context = 256, .layers = 6.5, .hidden = 256};
};
static_assert(moe::checked<wrong>());
