// SPDX-License-Identifier: MIT
// expect: moe: slot 'parallel' must hold
#include "nano.hpp"

struct wrong : nano {
    int parallel = 2;
};
static_assert(moe::checked<wrong>());
