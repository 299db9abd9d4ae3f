// SPDX-License-Identifier: MIT
// expect: moe: the recipe has a member that is none of the nine slots
#include "nano.hpp"

// Would train nano with its old sizes and say nothing.
struct wrong : nano {
    moe::transformer modle{.vocab = 256, .context = 256, .layers = 12, .hidden = 512};
};
static_assert(moe::checked<wrong>());
