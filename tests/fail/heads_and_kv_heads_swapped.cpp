// SPDX-License-Identifier: MIT
// expect: moe: attention.heads must be a multiple of attention.kv_heads.
#include "nano.hpp"

struct wrong : nano {
    moe::gqa attention{.heads = 2, .kv_heads = 8, .head_dim = 32};
};
static_assert(moe::checked<wrong>());
