// SPDX-License-Identifier: MIT
// expect: moe: attention.heads x head_dim must be a multiple of 128
#include "coded.hpp"

struct wrong : coded {
    moe::gqa attention{.heads = 2, .kv_heads = 1, .head_dim = 32};
};
static_assert(moe::checked<wrong>());
