// SPDX-License-Identifier: MIT
// DeepSeek-V3 with the rest of its switches the other way: queries through a latent, YaRN, two
// shared experts, no dense layer, weights not renormalised, tied embeddings, and an epsilon that is
// not the latent norms' own.
#pragma once

#include <moe/moe.hpp>

struct parity_yarn {
    moe::transformer model{.vocab = 256,
                           .context = 48,
                           .layers = 2,
                           .hidden = 64,
                           .rope_base = 5000,
                           .rope_scaling = {.factor = 4,
                                            .beta_fast = 8,
                                            .beta_slow = 0.5,
                                            .original_length = 16,
                                            .mscale = 0.707,
                                            .mscale_all_dim = 1},
                           .norm_epsilon = 1e-5,
                           .tied_embeddings = true};
    moe::mla attention{
        .heads = 2, .q_rank = 24, .kv_rank = 16, .nope_dim = 16, .rope_dim = 16, .value_dim = 16};
    moe::experts ffn{.routed = 8, .shared = 2, .intermediate = 32};
    moe::sigmoid_top_k routing{.active = 2, .groups = 2, .kept_groups = 1, .renormalise = false};
    moe::bias_balance balance{.rate = 1e-3, .sequence_loss = 0};
    moe::fp32 precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::cpu device{};
};
