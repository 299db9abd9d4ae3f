// SPDX-License-Identifier: MIT
// expect: moe: slot 'device' must hold
#include "nano.hpp"

struct wrong : nano {
    moe::fp32 device{};
};
static_assert(moe::checked<wrong>());
