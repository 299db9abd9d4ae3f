// SPDX-License-Identifier: MIT
// A right recipe. Every program beside this file makes one mistake, most of them as a variant of
// it.
#pragma once

#include <moe/comm/mesh.hpp>
#include <moe/device/policy.hpp>
#include <moe/optim/adamw.hpp>
#include <moe/precision/bf16.hpp>
#include <moe/precision/fp32.hpp>
#include <moe/precision/pi.hpp>
#include <moe/recipe/checked.hpp>
#include <moe/routing/balance.hpp>
#include <moe/routing/top_k.hpp>

struct nano {
    moe::transformer model{.vocab = 256, .context = 256, .layers = 6, .hidden = 256};
    moe::mla attention{.heads = 4, .kv_rank = 64, .nope_dim = 32, .rope_dim = 16, .value_dim = 32};
    moe::experts ffn{.routed = 16, .shared = 1, .intermediate = 256};
    moe::sigmoid_top_k routing{.active = 2, .groups = 4, .kept_groups = 2};
    moe::bias_balance balance{.rate = 1e-3, .sequence_loss = 1e-4};
    moe::fp32 precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::cpu device{};
};
