// SPDX-License-Identifier: MIT
// expect: moe: slot 'precision' holds a policy whose each() must visit every field.
#include "nano.hpp"

struct own_precision {
    using weight = float;
    using activation = float;
    using gradient = float;
    using master = float;
    using moment = float;
    using precise = float;
    static constexpr const char* name = "own";
    int first = 1, second = 1;
    constexpr void each(auto visit) const { visit("first", first); }
};
struct wrong : nano {
    own_precision precision{};
};
static_assert(moe::checked<wrong>());
