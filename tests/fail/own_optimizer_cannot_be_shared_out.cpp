// SPDX-License-Identifier: MIT
// expect: moe: parallel.zero = 1 shares out the rows of every tensor
#include "nano.hpp"

// Hides what adamw says.
struct own_optimizer : moe::adamw {
    static constexpr bool elementwise = false;
};

struct wrong : nano {
    moe::mesh parallel{.data = 8, .zero = 1};
    own_optimizer optimizer{};
};
static_assert(moe::checked<wrong>());
