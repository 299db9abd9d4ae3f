// SPDX-License-Identifier: MIT
// expect: moe: slot 'model' holds a policy whose each() must visit every field.
#include "nano.hpp"

// The list of moe::transformer does not know the new field.
struct own_model : moe::transformer {
    double extra = 1;
};
struct wrong : nano {
    own_model model{};
};
static_assert(moe::checked<wrong>());
