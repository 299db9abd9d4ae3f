// SPDX-License-Identifier: MIT
// expect: moe: model.mtp_depth must be 0 or 1,
#include "nano.hpp"

struct wrong : nano {
    moe::transformer model{
        .vocab = 256, .context = 256, .layers = 6, .hidden = 256, .mtp_depth = 2};
};
static_assert(moe::checked<wrong>());
