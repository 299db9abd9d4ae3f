// SPDX-License-Identifier: MIT
// expect: moe: routing.capacity, the mean number of experts of a token, must be from
#include "nano.hpp"

struct wrong : nano {
    moe::expert_choice routing{.active = 2, .capacity = 3, .leaks_future = true};
};
static_assert(moe::checked<wrong>());
