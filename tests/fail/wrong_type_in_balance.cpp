// SPDX-License-Identifier: MIT
// expect: moe: slot 'balance' must hold
#include "nano.hpp"

struct wrong : nano {
    moe::sigmoid_top_k balance{.active = 2};
};
static_assert(moe::checked<wrong>());
