// SPDX-License-Identifier: MIT
// expect: moe: slot 'balance' holds a policy whose each() must visit every field.
#include "nano.hpp"

// The list of moe::loss_balance does not know the new field.
struct own_balance : moe::loss_balance {
    double extra = 1;
};
struct wrong : nano {
    own_balance balance{};
};
static_assert(moe::checked<wrong>());
