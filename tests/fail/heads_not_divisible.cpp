// SPDX-License-Identifier: MIT
// expect: moe: attention.heads must be a multiple of attention.kv_heads.
#include "nano.hpp"

struct wrong : nano {
    moe::gqa attention{.heads = 8, .kv_heads = 3, .head_dim = 32};
};
static_assert(moe::checked<wrong>());
