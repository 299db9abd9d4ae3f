// SPDX-License-Identifier: MIT
// expect: moe: slot 'model' must hold
#include "nano.hpp"

struct wrong : nano {
    moe::experts model{.routed = 16, .intermediate = 256};
};
static_assert(moe::checked<wrong>());
