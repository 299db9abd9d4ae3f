// SPDX-License-Identifier: MIT
// A recipe in a stranger's project.
#pragma once

#include <moe/moe.hpp>

// clang-format off
struct pocket {
    moe::transformer   model     {.vocab = 256, .context = 32, .layers = 1, .hidden = 32};
    moe::gqa           attention {.heads = 2, .kv_heads = 1, .head_dim = 16};
    moe::experts       ffn       {.routed = 4, .intermediate = 32};
    moe::softmax_top_k routing   {.active = 2};
    moe::loss_balance  balance   {.weight = 1e-2};
    moe::fp32          precision {};
    moe::mesh          parallel  {};
    moe::adamw         optimizer {};
    moe::cpu           device    {};
};
// clang-format on
