// SPDX-License-Identifier: MIT
// expect: moe: routing.groups must be at least 2: a group is what a domain gets
#include "nano.hpp"

struct wrong : nano {
    moe::domain_top_k routing{.active = 1, .groups = 1, .kept_groups = 1};
};
static_assert(moe::checked<wrong>());
