// SPDX-License-Identifier: MIT
// The recipe that the tests of this folder train: latent attention, a dense layer, a shared expert.
#pragma once

#include <moe/moe.hpp>

// clang-format off
struct pocket {
    moe::transformer   model     {.vocab = 256, .context = 32, .layers = 2, .hidden = 32};
    moe::mla           attention {.heads = 2, .q_rank = 0, .kv_rank = 16, .nope_dim = 8, .rope_dim = 8, .value_dim = 16};
    moe::experts       ffn       {.routed = 4, .shared = 1, .intermediate = 16, .dense_layers = 1, .dense_intermediate = 32};
    moe::sigmoid_top_k routing   {.active = 2};
    moe::bias_balance  balance   {.rate = 1e-3, .sequence_loss = 1e-4};
    moe::fp32          precision {};
    moe::mesh          parallel  {};
    moe::adamw         optimizer {};
    moe::cpu           device    {};
};
// clang-format on
