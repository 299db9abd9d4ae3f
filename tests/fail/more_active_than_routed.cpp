// SPDX-License-Identifier: MIT
// expect: moe: routing.active must not exceed ffn.routed. Write, e.g.: .active = 2
#include "nano.hpp"

struct wrong : nano {
    moe::sigmoid_top_k routing{.active = 17};
};
static_assert(moe::checked<wrong>());
