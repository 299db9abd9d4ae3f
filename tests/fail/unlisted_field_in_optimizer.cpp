// SPDX-License-Identifier: MIT
// expect: moe: slot 'optimizer' holds a policy whose each() must visit every field.
#include "nano.hpp"

// The list of moe::adamw does not know the new field.
struct own_optimizer : moe::adamw {
    double extra = 1;
};
struct wrong : nano {
    own_optimizer optimizer{};
};
static_assert(moe::checked<wrong>());
