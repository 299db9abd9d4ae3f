// SPDX-License-Identifier: MIT
// expect: moe: new experts can join the top-k only of moe::sigmoid_top_k with a selection bias
#include "nano.hpp"

struct without_bias : nano {
    moe::sigmoid_top_k routing{.active = 2};
    moe::bias_balance balance{.rate = 0, .sequence_loss = 0};
};
struct wrong : without_bias {
    using grows = without_bias;
    moe::experts ffn{.routed = 17, .shared = 1, .intermediate = 256};
};
static_assert(moe::checked<wrong>());
