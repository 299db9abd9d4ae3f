// SPDX-License-Identifier: MIT
// expect: moe: optimizer.epsilon must be positive.
#include "nano.hpp"

struct wrong : nano {
    moe::adamw optimizer{.epsilon = 0};
};
static_assert(moe::checked<wrong>());
