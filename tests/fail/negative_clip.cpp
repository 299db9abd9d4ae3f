// SPDX-License-Identifier: MIT
// expect: moe: optimizer.clip must not be negative;
#include "nano.hpp"

struct wrong : nano {
    moe::adamw optimizer{.clip = -1};
};
static_assert(moe::checked<wrong>());
