// SPDX-License-Identifier: MIT
// The main job: some 14 million parameters for text of four domains, of which 4 million work on
// each byte. The target 'train' trains it.
#pragma once

#include <moe/moe.hpp>

// clang-format off
struct domains {
    moe::transformer   model     {.vocab = 256, .context = 256, .layers = 5, .hidden = 256};
    moe::mla           attention {.heads = 4, .q_rank = 0, .kv_rank = 64, .nope_dim = 32, .rope_dim = 16, .value_dim = 32};
    moe::experts       ffn       {.routed = 16, .shared = 1, .intermediate = 256, .dense_layers = 1, .dense_intermediate = 768};
    moe::sigmoid_top_k routing   {.active = 2};
    moe::bias_balance  balance   {.rate = 2e-2, .sequence_loss = 2e-3};
    moe::fp32          precision {};
    moe::mesh          parallel  {};
    moe::adamw         optimizer {};
    moe::cpu           device    {};
};
// clang-format on
