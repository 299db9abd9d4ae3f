// SPDX-License-Identifier: MIT
// Published models as recipes: their numbers of parameters and operations are known.
#pragma once

#include <moe/comm/mesh.hpp>
#include <moe/device/policy.hpp>
#include <moe/optim/adamw.hpp>
#include <moe/precision/fp32.hpp>
#include <moe/recipe/attention.hpp>
#include <moe/recipe/experts.hpp>
#include <moe/recipe/transformer.hpp>
#include <moe/routing/balance.hpp>
#include <moe/routing/top_k.hpp>

namespace test {

// deepseek-ai/DeepSeek-V3, inference/configs/config_671B.json.
struct deepseek_v3 {
    moe::transformer model{.vocab = 129280, .context = 4096, .layers = 61, .hidden = 7168};
    moe::mla attention{.heads = 128,
                       .q_rank = 1536,
                       .kv_rank = 512,
                       .nope_dim = 128,
                       .rope_dim = 64,
                       .value_dim = 128};
    moe::experts ffn{.routed = 256,
                     .shared = 1,
                     .intermediate = 2048,
                     .dense_layers = 3,
                     .dense_intermediate = 18432};
    moe::sigmoid_top_k routing{.active = 8, .groups = 8, .kept_groups = 4, .scale = 2.5};
    moe::bias_balance balance{.rate = 1e-3, .sequence_loss = 1e-4};
    moe::fp32 precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::cpu device{};
};

struct deepseek_v3_mtp : deepseek_v3 {
    moe::transformer model{
        .vocab = 129280, .context = 4096, .layers = 61, .hidden = 7168, .mtp_depth = 1};
};

// config_236B.json.
struct deepseek_v2 : deepseek_v3 {
    moe::transformer model{.vocab = 102400, .context = 4096, .layers = 60, .hidden = 5120};
    moe::experts ffn{.routed = 160,
                     .shared = 2,
                     .intermediate = 1536,
                     .dense_layers = 1,
                     .dense_intermediate = 12288};
    moe::softmax_top_k routing{
        .active = 6, .groups = 8, .kept_groups = 3, .scale = 16, .renormalise = false};
};

// config_16B.json.
struct deepseek_v2_lite : deepseek_v3 {
    moe::transformer model{.vocab = 102400, .context = 4096, .layers = 27, .hidden = 2048};
    moe::mla attention{
        .heads = 16, .kv_rank = 512, .nope_dim = 128, .rope_dim = 64, .value_dim = 128};
    moe::experts ffn{.routed = 64,
                     .shared = 2,
                     .intermediate = 1408,
                     .dense_layers = 1,
                     .dense_intermediate = 10944};
    moe::softmax_top_k routing{.active = 6, .renormalise = false};
};

// DeepSeekMoE, section 5.1.2: multi-head attention, 16 heads of 128.
struct deepseek_moe_16b : deepseek_v2_lite {
    moe::transformer model{.vocab = 102400, .context = 4096, .layers = 28, .hidden = 2048};
    moe::gqa attention{.heads = 16, .kv_heads = 16, .head_dim = 128};
};

}  // namespace test
