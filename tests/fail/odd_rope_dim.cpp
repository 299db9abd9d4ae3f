// SPDX-License-Identifier: MIT
// expect: moe: attention.rope_dim must be even and at least 2,
#include "nano.hpp"

struct wrong : nano {
    moe::mla attention{.heads = 4, .kv_rank = 64, .nope_dim = 32, .rope_dim = 15, .value_dim = 32};
};
static_assert(moe::checked<wrong>());
