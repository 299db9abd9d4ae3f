// SPDX-License-Identifier: MIT
// expect: moe: slot 'routing' must hold a routing policy (moe::routing_policy):
#include "nano.hpp"

struct own_top_k {
    int active = 2;
};
struct wrong : nano {
    own_top_k routing{};
};
static_assert(moe::checked<wrong>());
