// SPDX-License-Identifier: MIT
// expect: moe: slot 'optimizer' must hold
#include "nano.hpp"

struct wrong : nano {
    moe::bias_balance optimizer{.rate = 1e-3};
};
static_assert(moe::checked<wrong>());
