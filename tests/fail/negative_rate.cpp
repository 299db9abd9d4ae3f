// SPDX-License-Identifier: MIT
// expect: moe: balance.rate must not be negative;
#include "nano.hpp"

struct wrong : nano {
    moe::bias_balance balance{.rate = -1e-3};
};
static_assert(moe::checked<wrong>());
