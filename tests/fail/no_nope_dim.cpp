// SPDX-License-Identifier: MIT
// expect: moe: attention.nope_dim must be at least 1.
#include "nano.hpp"

struct wrong : nano {
    moe::mla attention{.heads = 4, .kv_rank = 64, .nope_dim = 0, .rope_dim = 16, .value_dim = 32};
};
static_assert(moe::checked<wrong>());
