// SPDX-License-Identifier: MIT
// expect: moe: ffn.slot must not be negative;
#include "nano.hpp"

struct wrong : nano {
    moe::experts ffn{.routed = 16, .shared = 1, .intermediate = 256, .slot = -1};
};
static_assert(moe::checked<wrong>());
