// SPDX-License-Identifier: MIT
// expect: moe: the weight of the loss in slot 'balance' must not be negative;
#include "nano.hpp"

struct wrong : nano {
    moe::bias_balance balance{.sequence_loss = -1e-4};
};
static_assert(moe::checked<wrong>());
