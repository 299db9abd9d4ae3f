// SPDX-License-Identifier: MIT
// expect: moe: the kept groups hold fewer experts than routing.active:
#include "nano.hpp"

struct wrong : nano {
    moe::softmax_top_k routing{.active = 6, .groups = 8, .kept_groups = 2};
};
static_assert(moe::checked<wrong>());
