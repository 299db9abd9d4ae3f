// SPDX-License-Identifier: MIT
// Qwen3-MoE in small: norms on queries and keys, heads wider than hidden / heads, a dense first
// layer.
#pragma once

#include <moe/moe.hpp>

struct parity_qwen {
    moe::transformer model{
        .vocab = 256, .context = 48, .layers = 3, .hidden = 64, .rope_base = 1e6};
    moe::gqa attention{.heads = 4, .kv_heads = 2, .head_dim = 32, .qk_norm = true};
    moe::experts ffn{.routed = 8, .intermediate = 40, .dense_layers = 1, .dense_intermediate = 96};
    moe::softmax_top_k routing{.active = 3};
    moe::bias_balance balance{.rate = 0, .sequence_loss = 0};
    moe::fp32 precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::cpu device{};
};
