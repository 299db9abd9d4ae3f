// SPDX-License-Identifier: MIT
// expect: moe: optimizer.decay must not be negative;
#include "nano.hpp"

struct wrong : nano {
    moe::adamw optimizer{.decay = -0.1};
};
static_assert(moe::checked<wrong>());
