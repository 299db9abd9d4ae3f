// SPDX-License-Identifier: MIT
// A small recipe whose weights are e4m3.
#pragma once

#include <moe/moe.hpp>

namespace test {

struct coded {
    moe::transformer model{.vocab = 40, .context = 24, .layers = 3, .hidden = 128};
    moe::mla attention{
        .heads = 4, .q_rank = 0, .kv_rank = 128, .nope_dim = 8, .rope_dim = 4, .value_dim = 32};
    moe::experts ffn{.routed = 4,
                     .shared = 1,
                     .intermediate = 128,
                     .dense_layers = 1,
                     .dense_intermediate = 128};
    moe::sigmoid_top_k routing{.active = 2};
    moe::bias_balance balance{};
    moe::fp8 precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::cpu device{};
};

}  // namespace test
