// SPDX-License-Identifier: MIT
// expect: moe: ffn.routed must be a multiple of routing.groups.
#include "nano.hpp"

struct wrong : nano {
    moe::sigmoid_top_k routing{.active = 2, .groups = 3, .kept_groups = 2};
};
static_assert(moe::checked<wrong>());
