// SPDX-License-Identifier: MIT
// expect: moe: the recipe has a member that is none of the nine slots
#include "nano.hpp"

struct wide : nano {
    moe::transformer model{.vocab = 256, .context = 256, .layers = 6, .hidden = 512};
};
struct wrong : wide {
    moe::gqa attension{.heads = 8, .kv_heads = 2, .head_dim = 32};
};
static_assert(moe::checked<wrong>());
