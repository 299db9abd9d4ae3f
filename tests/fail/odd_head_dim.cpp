// SPDX-License-Identifier: MIT
// expect: moe: attention.head_dim must be even and at least 2,
#include "nano.hpp"

struct wrong : nano {
    moe::gqa attention{.heads = 8, .kv_heads = 2, .head_dim = 33};
};
static_assert(moe::checked<wrong>());
