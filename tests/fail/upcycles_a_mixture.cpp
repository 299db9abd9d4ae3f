// SPDX-License-Identifier: MIT
// expect: moe: a recipe that says 'upcycles' must have the model, attention and precision
#include "nano.hpp"

struct wrong : nano {
    using upcycles = nano;
    moe::experts ffn{.routed = 8, .shared = 4, .intermediate = 192};
};
static_assert(moe::checked<wrong>());
