// SPDX-License-Identifier: MIT
// expect: moe: parallel.data must be from 1 to 65536, the ranks that share the batch.
#include "nano.hpp"

struct wrong : nano {
    moe::mesh parallel{.data = 0};
};
static_assert(moe::checked<wrong>());
