// SPDX-License-Identifier: MIT
// expect: moe: parallel.zero = 1 shares out the rows of every tensor, and the policy in slot 'precision'
#include "coded.hpp"

struct wrong : coded {
    moe::pi_fp8 precision{};
    moe::mesh parallel{.data = 8, .zero = 1};
};
static_assert(moe::checked<wrong>());
