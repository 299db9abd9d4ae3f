// SPDX-License-Identifier: MIT
// The whole training step of two models, at 1 grain and at 8, as the share of the measured peak;
// the optimizer's part of it; planned memory against the resident peak. bench/peers/model.py has
// the same models in torch.
#include "bench/support/step.hpp"

namespace {

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
template <class Precision> struct large {
    moe::transformer model{.vocab = 256, .context = 256, .layers = 8, .hidden = 512};
    moe::gqa attention{.heads = 8, .kv_heads = 8, .head_dim = 64};
    moe::experts ffn{.routed = 64, .shared = 2, .intermediate = 256};
    moe::sigmoid_top_k routing{.active = 6};
    moe::bias_balance balance{.rate = 1e-3, .sequence_loss = 0};
    Precision precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::cpu device{};
};

template <class Precision> void add_models(const bench::steps_program& all) {
    all.add<small<Precision>>("small", {1, 8}, true);
    all.add<large<Precision>>("large", {1, 8}, false);
}

}  // namespace

int main(int count, char** words) {
    const bench::steps_program all(count, words);
    add_models<moe::fp32>(all);
    add_models<moe::bf16>(all);
    return all.run(count, words);
}
