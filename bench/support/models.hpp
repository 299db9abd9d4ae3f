// SPDX-License-Identifier: MIT
// The models whose training steps are timed.
#pragma once

#include <moe/moe.hpp>

namespace bench {

// 4 layers, hidden 256, 16 experts of width 256, two of them a token, and a shared one.
template <class Precision> struct small {
    moe::transformer model{.vocab = 256, .context = 256, .layers = 4, .hidden = 256};
    moe::gqa attention{.heads = 4, .kv_heads = 4, .head_dim = 64};
    moe::experts ffn{.routed = 16, .shared = 1, .intermediate = 256};
    moe::sigmoid_top_k routing{.active = 2};
    moe::bias_balance balance{.rate = 1e-3, .sequence_loss = 0};
    Precision precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::cpu device{};
};

// 8 layers, hidden 512, 64 fine experts of width 256, six of them a token, and two shared ones.
template <class Precision> struct large : small<Precision> {
    moe::transformer model{.vocab = 256, .context = 256, .layers = 8, .hidden = 512};
    moe::gqa attention{.heads = 8, .kv_heads = 8, .head_dim = 64};
    moe::experts ffn{.routed = 64, .shared = 2, .intermediate = 256};
    moe::sigmoid_top_k routing{.active = 6};
};

// 'small' with another number of experts.
template <class Precision, int Experts> struct mixture : small<Precision> {
    moe::experts ffn{.routed = Experts, .shared = 1, .intermediate = 256};
};

// 'small' with one SwiGLU as wide as the three experts that a token of the mixture visits.
template <class Precision> struct dense : small<Precision> {
    moe::experts ffn{
        .routed = 4, .intermediate = 256, .dense_layers = 4, .dense_intermediate = 768};
};

}  // namespace bench
