// SPDX-License-Identifier: MIT
// expect: moe: precision.high_first_layers and high_last_layers must not be negative,
#include "coded.hpp"

struct wrong : coded {
    moe::fp8 precision{.high_first_layers = 4, .high_last_layers = 3};
};
static_assert(moe::checked<wrong>());
