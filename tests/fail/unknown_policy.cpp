// SPDX-License-Identifier: MIT
// expect: no_such_router
#include "nano.hpp"

struct wrong : nano {
    moe::no_such_router routing{};
};
static_assert(moe::checked<wrong>());
