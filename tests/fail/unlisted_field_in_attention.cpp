// SPDX-License-Identifier: MIT
// expect: moe: slot 'attention' holds a policy whose each() must visit every field.
#include "nano.hpp"

// The list of moe::gqa does not know the new field.
struct own_attention : moe::gqa {
    double extra = 1;
};
struct wrong : nano {
    own_attention attention{};
};
static_assert(moe::checked<wrong>());
