// SPDX-License-Identifier: MIT
// expect: moe: precision.tile must be 128 or 32,
#include "coded.hpp"

struct wrong : coded {
    moe::fp8 precision{.tile = 64};
};
static_assert(moe::checked<wrong>());
