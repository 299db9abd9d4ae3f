// SPDX-License-Identifier: MIT
// expect: moe: weights in blocks of 128 rows
#include "coded.hpp"

struct wrong : coded {
    moe::pi_fp8 precision{};
    moe::mesh parallel{.data = 8, .zero = 1};
};
static_assert(moe::checked<wrong>());
