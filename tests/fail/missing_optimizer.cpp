// SPDX-License-Identifier: MIT
// expect: moe: the recipe has no slot 'optimizer'. Add, e.g.: moe::adamw optimizer {
#include "nano.hpp"

struct wrong {
    moe::transformer model{.vocab = 256, .context = 256, .layers = 6, .hidden = 256};
    moe::mla attention{.heads = 4, .kv_rank = 64, .nope_dim = 32, .rope_dim = 16, .value_dim = 32};
    moe::experts ffn{.routed = 16, .shared = 1, .intermediate = 256};
    moe::sigmoid_top_k routing{.active = 2, .groups = 4, .kept_groups = 2};
    moe::bias_balance balance{.rate = 1e-3, .sequence_loss = 1e-4};
    moe::fp32 precision{};
    moe::mesh parallel{};
    moe::cpu device{};
};
static_assert(moe::checked<wrong>());
