// SPDX-License-Identifier: MIT
// DeepSeek-V3 in small: queries straight from the input, four groups of which two stay, a dense
// first layer, the published scale.
#pragma once

#include <moe/moe.hpp>

struct parity_deepseek {
    moe::transformer model{.vocab = 256, .context = 48, .layers = 3, .hidden = 64};
    moe::mla attention{
        .heads = 4, .q_rank = 0, .kv_rank = 32, .nope_dim = 16, .rope_dim = 8, .value_dim = 24};
    moe::experts ffn{
        .routed = 16, .shared = 1, .intermediate = 40, .dense_layers = 1, .dense_intermediate = 96};
    moe::sigmoid_top_k routing{.active = 4, .groups = 4, .kept_groups = 2, .scale = 2.5};
    moe::bias_balance balance{.rate = 1e-3, .sequence_loss = 0};
    moe::fp32 precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::cpu device{};
};
