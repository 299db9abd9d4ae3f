// SPDX-License-Identifier: MIT
// expect: moe: routing.scale must be positive.
#include "nano.hpp"

struct wrong : nano {
    moe::sigmoid_top_k routing{.active = 2, .scale = 0};
};
static_assert(moe::checked<wrong>());
