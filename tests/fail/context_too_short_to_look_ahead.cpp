// SPDX-License-Identifier: MIT
// expect: moe: model.context must be greater than model.mtp_depth,
#include "nano.hpp"

struct wrong : nano {
    moe::transformer model{.vocab = 256, .context = 1, .layers = 6, .hidden = 256, .mtp_depth = 1};
};
static_assert(moe::checked<wrong>());
