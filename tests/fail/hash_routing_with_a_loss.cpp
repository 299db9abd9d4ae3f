// SPDX-License-Identifier: MIT
// expect: moe: the loss of slot 'balance' needs affinities,
#include "nano.hpp"

// What a hash decides, no loss can balance.
struct wrong : nano {
    moe::hash_routing routing{.active = 1};
};
static_assert(moe::checked<wrong>());
