// SPDX-License-Identifier: MIT
// expect: moe: slot 'precision' must hold
#include "nano.hpp"

struct wrong : nano {
    float precision = 0;
};
static_assert(moe::checked<wrong>());
