// SPDX-License-Identifier: MIT
// expect: moe: optimizer.beta1 must be at least 0 and below 1.
#include "nano.hpp"

struct wrong : nano {
    moe::adamw optimizer{.beta1 = 1};
};
static_assert(moe::checked<wrong>());
