// SPDX-License-Identifier: MIT
// expect: moe: precision.moment_group must be 32 or 128
#include "nano.hpp"

struct wrong : nano {
    moe::pi precision{.moment_group = 10};
};
static_assert(moe::checked<wrong>());
