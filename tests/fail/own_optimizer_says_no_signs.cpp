// SPDX-License-Identifier: MIT
// expect: moe: the policy in slot 'precision' holds weights and moments in few bits
#include "nano.hpp"

// Hides what adamw says.
struct own_optimizer : moe::adamw {
    static constexpr bool moment_has_sign = false;
};

struct wrong : nano {
    moe::pi precision{};
    own_optimizer optimizer{};
};
static_assert(moe::checked<wrong>());
