// SPDX-License-Identifier: MIT
// expect: moe: slot 'ffn' holds a policy whose each() must visit every field.
#include "nano.hpp"

// The list of moe::experts does not know the new field.
struct own_ffn : moe::experts {
    double extra = 1;
};
struct wrong : nano {
    own_ffn ffn{};
};
static_assert(moe::checked<wrong>());
