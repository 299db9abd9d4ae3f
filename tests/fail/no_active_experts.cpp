// SPDX-License-Identifier: MIT
// expect: moe: routing.active must be at least 1.
#include "nano.hpp"

struct wrong : nano {
    moe::sigmoid_top_k routing{.active = 0};
};
static_assert(moe::checked<wrong>());
