// SPDX-License-Identifier: MIT
// A small recipe on the CPU that trains in a second, and settings for it.
#pragma once

#include "tests/support/text.hpp"

#include <moe/moe.hpp>

namespace test {

struct small {
    moe::transformer model{.vocab = 256, .context = 32, .layers = 2, .hidden = 32};
    moe::mla attention{
        .heads = 2, .q_rank = 0, .kv_rank = 16, .nope_dim = 8, .rope_dim = 8, .value_dim = 16};
    moe::experts ffn{
        .routed = 8, .shared = 1, .intermediate = 24, .dense_layers = 1, .dense_intermediate = 48};
    moe::sigmoid_top_k routing{.active = 2, .groups = 2, .kept_groups = 1};
    moe::bias_balance balance{};
    moe::fp32 precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::cpu device{};
};

inline moe::settings small_settings(const folder& in, std::string_view out = "run") {
    moe::settings s;
    s.data = in / "text";
    s.out = in / out;
    s.steps = 12;
    s.batch = 4 * 32;
    s.rate = 5e-3;
    s.threads = 2;
    s.checkpoint_every = 5;
    s.log_every = 3;
    s.validation_windows = 4;
    return s;
}

}  // namespace test
