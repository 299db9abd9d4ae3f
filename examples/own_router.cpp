// SPDX-License-Identifier: MIT
// A router of one's own: letters have one half of the experts, all other bytes the other half.
#include <moe/moe.hpp>

#include <algorithm>
#include <cstdio>

struct by_letter {
    static constexpr int active = 1;
    template <int Experts, class T>
    void choose(int* chosen, T* weight, const T* logits, const float*, moe::token_facts of) const {
        const int first = (of.token | 32) >= 'a' && (of.token | 32) <= 'z' ? Experts / 2 : 0;
        chosen[0] = int(std::max_element(logits + first, logits + first + Experts / 2) - logits);
        weight[0] = moe::sigmoid(logits[chosen[0]]);
    }
    template <int Experts, class T>
    void backward(T* dlogit, const T* dweight, const T*, const int* chosen, const T* weight) const {
        for (int e = 0; e < Experts; ++e) dlogit[e] = 0;
        dlogit[chosen[0]] = dweight[0] * weight[0] * (1 - weight[0]);
    }
};
struct own {
    moe::transformer model{.vocab = 256, .context = 64, .layers = 2, .hidden = 64};
    moe::gqa attention{.heads = 4, .kv_heads = 2, .head_dim = 16};
    moe::experts ffn{.routed = 8, .shared = 1, .intermediate = 64};
    by_letter routing{};
    moe::bias_balance balance{.rate = 0, .sequence_loss = 0};
    moe::fp32 precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::cpu device{};
};
int main(int count, char** words) {
    if (count != 2) return std::fprintf(stderr, "usage: own_router DIR\n"), 2;
    moe::settings s;
    s.data = words[1], s.batch = 512, s.rate = 3e-3;
    moe::trainer<own> trainer(s);
    while (trainer.steps_done() < 20) std::printf("loss %.3f\n", trainer.step().loss);
}
