// SPDX-License-Identifier: MIT
// expect: moe: attention.value_dim must be at least 1.
#include "nano.hpp"

struct wrong : nano {
    moe::mla attention{.heads = 4, .kv_rank = 64, .nope_dim = 32, .rope_dim = 16};
};
static_assert(moe::checked<wrong>());
