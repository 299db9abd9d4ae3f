// SPDX-License-Identifier: MIT
// expect: moe: routing.groups leaves one expert a group, but the policy judges a group by its
// best two.
#include "nano.hpp"

struct wrong : nano {
    moe::sigmoid_top_k routing{.active = 2, .groups = 16, .kept_groups = 4};
};
static_assert(moe::checked<wrong>());
