// SPDX-License-Identifier: MIT
// expect: moe: attention.heads times the numbers of a head must stay below 2^31.
#include "nano.hpp"

struct wrong : nano {
    moe::mla attention{
        .heads = 1000000000, .kv_rank = 64, .nope_dim = 32, .rope_dim = 16, .value_dim = 32};
};
static_assert(moe::checked<wrong>());
