// SPDX-License-Identifier: MIT
// Mixtral in small.
#pragma once

#include <moe/moe.hpp>

struct parity_mixtral {
    moe::transformer model{
        .vocab = 256, .context = 48, .layers = 2, .hidden = 64, .norm_epsilon = 1e-5};
    moe::gqa attention{.heads = 4, .kv_heads = 1, .head_dim = 16};
    moe::experts ffn{.routed = 6, .intermediate = 48};
    moe::softmax_top_k routing{.active = 2};
    moe::loss_balance balance{.weight = 0};
    moe::fp32 precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::cpu device{};
};
