// SPDX-License-Identifier: MIT
// expect: moe: routing.kept_groups must be from 1 to routing.groups.
#include "nano.hpp"

struct wrong : nano {
    moe::sigmoid_top_k routing{.active = 2, .groups = 2, .kept_groups = 4};
};
static_assert(moe::checked<wrong>());
