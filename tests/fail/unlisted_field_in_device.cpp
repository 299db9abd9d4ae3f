// SPDX-License-Identifier: MIT
// expect: moe: slot 'device' holds a policy whose each() must visit every field.
#include "nano.hpp"

struct own_device {
    using on = moe::reference;
    int first = 1, second = 1;
    constexpr void each(auto visit) const { visit("first", first); }
};
struct wrong : nano {
    own_device device{};
};
static_assert(moe::checked<wrong>());
