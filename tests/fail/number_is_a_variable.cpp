// SPDX-License-Identifier: MIT
// expect: moe: the recipe's numbers must be known when the program is compiled.
#include "nano.hpp"

int width = 256;
struct wrong : nano {
    moe::transformer model{.vocab = 256, .context = 256, .layers = 6, .hidden = width};
};
static_assert(moe::checked<wrong>());
