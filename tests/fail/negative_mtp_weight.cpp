// SPDX-License-Identifier: MIT
// expect: moe: model.mtp_weight must not be negative.
#include "nano.hpp"

struct wrong : nano {
    moe::transformer model{.vocab = 256,
                           .context = 256,
                           .layers = 6,
                           .hidden = 256,
                           .mtp_depth = 1,
                           .mtp_weight = -0.3};
};
static_assert(moe::checked<wrong>());
