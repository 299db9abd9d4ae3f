// SPDX-License-Identifier: MIT
// expect: moe: precision.copies must be 1 or 2.
#include "nano.hpp"

struct wrong : nano {
    moe::bf16 precision{.copies = 3};
};
static_assert(moe::checked<wrong>());
