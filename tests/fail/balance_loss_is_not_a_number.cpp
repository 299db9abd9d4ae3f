// SPDX-License-Identifier: MIT
// expect: moe: the weight of the loss in slot 'balance' must not be negative;
#include "nano.hpp"

struct wrong : nano {
    moe::loss_balance balance{.weight = __builtin_nan("")};
};
static_assert(moe::checked<wrong>());
