// SPDX-License-Identifier: MIT
// expect: moe: optimizer.beta2 must be at least 0 and below 1.
#include "nano.hpp"

struct wrong : nano {
    moe::adamw optimizer{.beta2 = -0.95};
};
static_assert(moe::checked<wrong>());
