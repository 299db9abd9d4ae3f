// SPDX-License-Identifier: MIT
// expect: moe: model.hidden must be a multiple of 128
#include "coded.hpp"

struct wrong : coded {
    moe::transformer model{.vocab = 256, .context = 256, .layers = 6, .hidden = 192};
};
static_assert(moe::checked<wrong>());
