// SPDX-License-Identifier: MIT
// expect: moe: a recipe that says 'grows' must keep the groups of the other
#include "nano.hpp"

// One more expert in each of the four groups would renumber the old ones.
struct wrong : nano {
    using grows = nano;
    moe::experts ffn{.routed = 20, .shared = 1, .intermediate = 256};
};
static_assert(moe::checked<wrong>());
