// SPDX-License-Identifier: MIT
// expect: moe: attention.q_rank must not be negative;
#include "nano.hpp"

struct wrong : nano {
    moe::mla attention{
        .heads = 4, .q_rank = -1, .kv_rank = 64, .nope_dim = 32, .rope_dim = 16, .value_dim = 32};
};
static_assert(moe::checked<wrong>());
