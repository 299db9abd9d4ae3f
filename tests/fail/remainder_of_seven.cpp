// SPDX-License-Identifier: MIT
// expect: moe: precision.remainder must be 8, 16 or 0
#include "nano.hpp"

struct wrong : nano {
    moe::pi precision{.remainder = 7};
};
static_assert(moe::checked<wrong>());
