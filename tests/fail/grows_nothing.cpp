// SPDX-License-Identifier: MIT
// expect: moe: a recipe that says 'grows' must have more experts than the other
#include "nano.hpp"

struct wrong : nano {
    using grows = nano;
};
static_assert(moe::checked<wrong>());
