// SPDX-License-Identifier: MIT
// expect: moe: a recipe that says 'grows' must have the model, attention, routing and precision
#include "nano.hpp"

struct wrong : nano {
    using grows = nano;
    moe::transformer model{.vocab = 256, .context = 256, .layers = 6, .hidden = 512};
    moe::experts ffn{.routed = 16, .shared = 1, .intermediate = 256, .slot = 1};
};
static_assert(moe::checked<wrong>());
