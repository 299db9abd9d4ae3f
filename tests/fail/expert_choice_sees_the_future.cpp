// SPDX-License-Identifier: MIT
// expect: moe: slot 'routing' lets experts choose tokens by what stands behind them
#include "nano.hpp"

struct wrong : nano {
    moe::expert_choice routing{.active = 2};
};
static_assert(moe::checked<wrong>());
