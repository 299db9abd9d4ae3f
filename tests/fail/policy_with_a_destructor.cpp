// SPDX-License-Identifier: MIT
// expect: moe: the recipe's numbers must be known when the program is compiled.
#include "nano.hpp"

struct own_mesh : moe::mesh {
    ~own_mesh() {}
};
struct wrong : nano {
    own_mesh parallel{};
};
static_assert(moe::checked<wrong>());
