// SPDX-License-Identifier: MIT
// expect: hiden
#include "nano.hpp"

struct wrong : nano {
    moe::transformer model{.vocab = 256, .context = 256, .layers = 6, .hiden = 256};
};
static_assert(moe::checked<wrong>());
