// SPDX-License-Identifier: MIT
// expect: moe: ffn.intermediate must be at least 1,
#include "nano.hpp"

struct wrong : nano {
    moe::experts ffn{.routed = 16, .shared = 1};
};
static_assert(moe::checked<wrong>());
