// SPDX-License-Identifier: MIT
// expect: moe: slot 'routing' must hold
#include "nano.hpp"

struct wrong : nano {
    moe::experts routing{.routed = 16, .intermediate = 256};
};
static_assert(moe::checked<wrong>());
