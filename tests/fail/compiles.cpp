// SPDX-License-Identifier: MIT
// expect: nothing
// What must go on compiling: variants, policies of one's own, recipes inside functions.
#include "nano.hpp"

static_assert(moe::checked<nano>());

struct wide : nano {
    moe::transformer model{.vocab = 256, .context = 256, .layers = 6, .hidden = 512};
};
struct wider : wide {
    moe::transformer model{.vocab = 256, .context = 256, .layers = 6, .hidden = 1024};
    moe::gqa attention{.heads = 8, .kv_heads = 2, .head_dim = 32};
};
struct unchanged : wider {};
struct renamed_last : unchanged {
    moe::loss_balance balance{};
};
static_assert(moe::checked<wide>() && moe::checked<wider>() && moe::checked<unchanged>() &&
              moe::checked<renamed_last>());

struct numbers {
    moe::transformer model{.vocab = 256, .context = 256, .layers = 6, .hidden = 512};
    moe::experts ffn{.routed = 4, .intermediate = 64};
};
struct kinds {
    moe::gqa attention{.heads = 8, .kv_heads = 8, .head_dim = 2};
    moe::softmax_top_k routing{.active = 4, .groups = 4, .kept_groups = 4, .renormalise = false};
    moe::loss_balance balance{.weight = 0};
    moe::fp64 precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{.beta1 = 0, .decay = 0, .clip = 0};
    moe::reference device{};
};
struct of_two_bases : numbers, kinds {};
static_assert(moe::checked<of_two_bases>());

// A constant of its own, const slots, a template, every number at its limit.
template <int Width> struct with_constants {
    static constexpr int layers = 61;
    const moe::transformer model{.vocab = 129280,
                                 .context = 163840,
                                 .layers = layers,
                                 .hidden = Width,
                                 .rope_scaling = {.factor = 40, .mscale = 1, .mscale_all_dim = 1},
                                 .tied_embeddings = true,
                                 .mtp_depth = 1,
                                 .mtp_weight = 0};
    const moe::mla attention{.heads = 128,
                             .q_rank = 1536,
                             .kv_rank = 512,
                             .nope_dim = 128,
                             .rope_dim = 64,
                             .value_dim = 128};
    const moe::experts ffn{.routed = 256,
                           .shared = 1,
                           .intermediate = 2048,
                           .dense_layers = layers,
                           .dense_intermediate = 18432};
    const moe::sigmoid_top_k routing{
        .active = 256, .groups = 8, .kept_groups = 8, .scale = 2.5, .renormalise = false};
    const moe::bias_balance balance{.rate = 0, .sequence_loss = 0};
    const moe::fp32 precision{};
    const moe::mesh parallel{};
    const moe::adamw optimizer{};
    const moe::cpu device{};
};
static_assert(moe::checked<with_constants<7168>>());

// Policies of one's own: a router without a list of its fields, one that adds a field to ours and
// lists it, one that only renames ours.
struct first_expert {
    int active = 1;
    double temperature = 1;
    template <int Experts, class T>
    void choose(int* chosen, T* weight, const T*, const float*) const {
        chosen[0] = 0;
        weight[0] = 1;
    }
    template <int Experts, class T>
    void backward(T* dlogits, const T*, const T*, const int*, const T*) const {
        for (int e = 0; e < Experts; ++e) dlogits[e] = 0;
    }
};
struct noisy_top_k : moe::sigmoid_top_k {
    double noise = 0.1;
    constexpr void each(auto visit) const {
        moe::sigmoid_top_k::each(visit);
        visit("noise", noise);
    }
};
struct own_top_k : moe::softmax_top_k {};
struct own_router : nano {
    first_expert routing{};
    moe::bias_balance balance{.sequence_loss = 0};
};
struct noisy_router : nano {
    noisy_top_k routing{};
};
struct same_router : nano {
    own_top_k routing{};
};
static_assert(moe::checked<own_router>() && moe::checked<noisy_router>() &&
              moe::checked<same_router>());

int main() {
    struct inside : nano {
        moe::mesh parallel{};
    };
    static_assert(moe::checked<inside>());
}
