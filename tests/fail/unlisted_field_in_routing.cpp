// SPDX-License-Identifier: MIT
// expect: moe: slot 'routing' holds a policy whose each() must visit every field.
#include "nano.hpp"

// The list of moe::sigmoid_top_k does not know the new field.
struct own_routing : moe::sigmoid_top_k {
    double extra = 1;
};
struct wrong : nano {
    own_routing routing{};
};
static_assert(moe::checked<wrong>());
