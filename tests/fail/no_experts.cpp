// SPDX-License-Identifier: MIT
// expect: moe: ffn.routed must be at least 1.
#include "nano.hpp"

struct wrong : nano {
    moe::experts ffn{.shared = 1, .intermediate = 256};
};
static_assert(moe::checked<wrong>());
