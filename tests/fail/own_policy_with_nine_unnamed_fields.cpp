// SPDX-License-Identifier: MIT
// expect: moe: slot 'device' holds a policy whose each() must visit every field.
#include "nano.hpp"

struct own_device {
    using on = moe::reference;
    int a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9;
};
struct wrong : nano {
    own_device device{};
};
static_assert(moe::checked<wrong>());
