// SPDX-License-Identifier: MIT
// expect: moe: routing.groups must be at least 1.
#include "nano.hpp"

struct wrong : nano {
    moe::sigmoid_top_k routing{.active = 2, .groups = 0};
};
static_assert(moe::checked<wrong>());
