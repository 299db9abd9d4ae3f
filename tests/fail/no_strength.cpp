// SPDX-License-Identifier: MIT
// expect: moe: routing.strength must be positive
#include "nano.hpp"

struct wrong : nano {
    moe::domain_top_k routing{.active = 1, .groups = 2, .kept_groups = 2, .strength = 0};
};
static_assert(moe::checked<wrong>());
