// SPDX-License-Identifier: MIT
// expect: moe: slot 'parallel' holds a policy whose each() must visit every field.
#include "nano.hpp"

struct own_parallel {
    static constexpr bool is_mesh = true;
    int first = 1, second = 1;
    constexpr void each(auto visit) const { visit("first", first); }
};
struct wrong : nano {
    own_parallel parallel{};
};
static_assert(moe::checked<wrong>());
