// SPDX-License-Identifier: MIT
// One model of 10.8 M parameters in every precision that bench/precision compares. A policy is one
// line; what a line switches off is what its name says.
#pragma once

#include <moe/moe.hpp>

struct precision_model {
    moe::transformer model{.vocab = 256, .context = 256, .layers = 4, .hidden = 256};
    moe::gqa attention{.heads = 4, .kv_heads = 2, .head_dim = 64};
    moe::experts ffn{.routed = 24, .shared = 1, .intermediate = 128};
    moe::sigmoid_top_k routing{.active = 2};
    moe::bias_balance balance{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::cpu device{};
};

struct precision_fp32 : precision_model {
    moe::fp32 precision{};
};
// What is compared with: FP32 master and moments, 16 bytes a parameter.
struct precision_bf16 : precision_model {
    moe::bf16 precision{.gradients = moe::number_format::bf16, .copies = 1};
};
struct precision_bf16_fp32_gradients : precision_model {
    moe::bf16 precision{};
};
struct precision_pi : precision_model {
    moe::pi precision{};
};
// Its ingredients alone, and without one of them.
struct precision_pi_remainder_alone : precision_model {
    moe::pi precision{.moment_group = 0};
};
struct precision_pi_moments_alone : precision_model {
    moe::pi precision{.remainder = 16};
};
struct precision_pi_stochastic_remainder : precision_model {
    moe::pi precision{.rounding = moe::rounding::stochastic};
};
struct precision_pi_stochastic_alone : precision_model {
    moe::pi precision{.remainder = 0, .rounding = moe::rounding::stochastic};
};
// The negative control: what is rounded away is lost.
struct precision_pi_no_remainder : precision_model {
    moe::pi precision{.remainder = 0};
};
