// SPDX-License-Identifier: MIT
// expect: moe: attention.q_rank must be a multiple of 128
#include "coded.hpp"

struct wrong : coded {
    moe::mla attention{
        .heads = 4, .q_rank = 96, .kv_rank = 128, .nope_dim = 32, .rope_dim = 16, .value_dim = 32};
};
static_assert(moe::checked<wrong>());
