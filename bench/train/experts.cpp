// SPDX-License-Identifier: MIT
// What more experts cost: 16 to 256 of them at the same active size, and a dense model of the same
// active FLOP beside them. The optimizer's part is reported apart: it grows with the parameters.
#include "bench/support/step.hpp"

namespace {

// The model 'small' of step.cpp with another number of experts.
template <class Precision, int Experts> struct mixture {
    moe::transformer model{.vocab = 256, .context = 256, .layers = 4, .hidden = 256};
    moe::gqa attention{.heads = 4, .kv_heads = 4, .head_dim = 64};
    moe::experts ffn{.routed = Experts, .shared = 1, .intermediate = 256};
    moe::sigmoid_top_k routing{.active = 2};
    moe::bias_balance balance{.rate = 1e-3, .sequence_loss = 0};
    Precision precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::cpu device{};
};

// One SwiGLU as wide as the three experts that a token of the mixture visits.
template <class Precision> struct dense {
    moe::transformer model{.vocab = 256, .context = 256, .layers = 4, .hidden = 256};
    moe::gqa attention{.heads = 4, .kv_heads = 4, .head_dim = 64};
    moe::experts ffn{
        .routed = 4, .intermediate = 256, .dense_layers = 4, .dense_intermediate = 768};
    moe::sigmoid_top_k routing{.active = 2};
    moe::bias_balance balance{.rate = 1e-3, .sequence_loss = 0};
    Precision precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::cpu device{};
};

// All in one program, so that what is compared runs right after the other.
template <class Precision> void add_models(const bench::steps_program& all) {
    all.add<dense<Precision>>("dense", {1}, false);
    all.add<mixture<Precision, 16>>("experts:16", {1}, false);
    all.add<mixture<Precision, 64>>("experts:64", {1}, false);
    all.add<mixture<Precision, 256>>("experts:256", {1}, false);
}

}  // namespace

int main(int count, char** words) {
    const bench::steps_program all(count, words);
    add_models<moe::fp32>(all);
    add_models<moe::bf16>(all);
    return all.run(count, words);
}
