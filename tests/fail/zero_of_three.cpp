// SPDX-License-Identifier: MIT
// expect: moe: parallel.zero must be 0 (every rank has all moments) or 1
#include "nano.hpp"

struct wrong : nano {
    moe::mesh parallel{.data = 8, .zero = 3};
};
static_assert(moe::checked<wrong>());
