// SPDX-License-Identifier: MIT
// expect: moe: attention.kv_rank must be at least 1.
#include "nano.hpp"

struct wrong : nano {
    moe::mla attention{.heads = 4, .nope_dim = 32, .rope_dim = 16, .value_dim = 32};
};
static_assert(moe::checked<wrong>());
