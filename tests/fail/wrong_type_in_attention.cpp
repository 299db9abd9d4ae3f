// SPDX-License-Identifier: MIT
// expect: moe: slot 'attention' must hold
#include "nano.hpp"

struct wrong : nano {
    moe::transformer attention{.vocab = 256, .context = 256, .layers = 6, .hidden = 256};
};
static_assert(moe::checked<wrong>());
