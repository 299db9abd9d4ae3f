// SPDX-License-Identifier: MIT
// expect: moe: slot 'ffn' must hold
#include "nano.hpp"

struct wrong : nano {
    moe::gqa ffn{.heads = 8, .kv_heads = 2, .head_dim = 32};
};
static_assert(moe::checked<wrong>());
