// SPDX-License-Identifier: MIT
// expect: moe: a recipe that says 'grows' must have the model, attention, routing and precision
#include "nano.hpp"

struct wrong : nano {
    using grows = nano;
    moe::mla attention{.heads = 8, .kv_rank = 64, .nope_dim = 32, .rope_dim = 16, .value_dim = 32};
    moe::experts ffn{.routed = 16, .shared = 1, .intermediate = 256, .slot = 1};
};
static_assert(moe::checked<wrong>());
