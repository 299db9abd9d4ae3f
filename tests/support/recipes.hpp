// SPDX-License-Identifier: MIT
// Small recipes that tests share. In double on the reference device unless said otherwise.
#pragma once

#include <moe/moe.hpp>

namespace test {

struct tiny {
    moe::transformer model{.vocab = 17, .context = 6, .layers = 3, .hidden = 8, .mtp_depth = 1};
    moe::mla attention{
        .heads = 2, .q_rank = 5, .kv_rank = 6, .nope_dim = 3, .rope_dim = 2, .value_dim = 4};
    moe::experts ffn{
        .routed = 6, .shared = 1, .intermediate = 5, .dense_layers = 1, .dense_intermediate = 7};
    moe::sigmoid_top_k routing{.active = 2, .groups = 3, .kept_groups = 2, .scale = 2.5};
    moe::bias_balance balance{.rate = 1e-3, .sequence_loss = 0};
    moe::fp64 precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::reference device{};
};

// A routing policy that keeps the choices which are there already: gradient checks hold them fixed.
template <class Policy> struct frozen : Policy {
    static inline bool holds = false;

    template <int Experts, class T>
    void choose(int* chosen, T* weight, const T* logits, const float* bias) const {
        if (!holds) return Policy::template choose<Experts>(chosen, weight, logits, bias);
        T s[Experts], total = 0;
        Policy::template affinities<Experts>(s, logits);
        // Affinities are shares; the weight is a share of the chosen ones' sum again, or, without
        // renormalising, of the affinity itself.
        if (!this->renormalise) {
            for (int i = 0; i < this->active; ++i)
                weight[i] = raw(logits, s, chosen[i]) * T(this->scale);
            return;
        }
        for (int i = 0; i < this->active; ++i) total += s[chosen[i]];
        for (int i = 0; i < this->active; ++i) weight[i] = s[chosen[i]] / total * T(this->scale);
    }

private:
    template <class T> static T raw(const T* logits, const T* shares, int expert) {
        if constexpr (std::is_same_v<Policy, moe::sigmoid_top_k>)
            return moe::sigmoid(logits[expert]);
        else
            return shares[expert];
    }
};

}  // namespace test
