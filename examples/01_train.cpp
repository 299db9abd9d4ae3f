// SPDX-License-Identifier: MIT
// The whole trainer: a recipe, and the program it becomes.
//   01_train train --data DIR --out RUN      01_train generate --model RUN --prompt "The "
#include <moe/app/main.hpp>

struct nano {
    moe::transformer model{.vocab = 256, .context = 128, .layers = 4, .hidden = 128};
    moe::mla attention{
        .heads = 4, .q_rank = 0, .kv_rank = 64, .nope_dim = 32, .rope_dim = 16, .value_dim = 32};
    moe::experts ffn{.routed = 16,
                     .shared = 1,
                     .intermediate = 128,
                     .dense_layers = 1,
                     .dense_intermediate = 384};
    moe::sigmoid_top_k routing{.active = 2, .groups = 4, .kept_groups = 2, .scale = 1.0};
    moe::bias_balance balance{.rate = 1e-3, .sequence_loss = 1e-4};
    moe::fp32 precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::cpu device{};
};

int main(int count, char** words) { return moe::program<nano>(count, words); }
