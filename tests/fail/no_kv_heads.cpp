// SPDX-License-Identifier: MIT
// expect: moe: attention.kv_heads must be at least 1.
#include "nano.hpp"

struct wrong : nano {
    moe::gqa attention{.heads = 8, .head_dim = 32};
};
static_assert(moe::checked<wrong>());
