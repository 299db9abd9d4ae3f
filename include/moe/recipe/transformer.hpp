// SPDX-License-Identifier: MIT
// The policy for the slot 'model': a decoder-only transformer with pre-norm blocks,
// x += attention(rms_norm(x)), x += ffn(rms_norm(x)), a final norm and a head over the vocabulary.
#pragma once

#include <moe/op/rope.hpp>

#include <concepts>

namespace moe {

template <class Policy>
concept model_policy = requires(const Policy p) {
    { p.vocab } -> std::convertible_to<int>;
    { p.context } -> std::convertible_to<int>;
    { p.layers } -> std::convertible_to<int>;
    { p.hidden } -> std::convertible_to<int>;
    { p.rope_base } -> std::convertible_to<double>;
    { p.rope_scaling } -> std::convertible_to<yarn>;
    { p.norm_epsilon } -> std::convertible_to<double>;
    { p.tied_embeddings } -> std::convertible_to<bool>;
    { p.initial_deviation } -> std::convertible_to<double>;
    { p.mtp_depth } -> std::convertible_to<int>;
    { p.mtp_weight } -> std::convertible_to<double>;
};

struct transformer {
    int vocab = 0;
    int context = 0;  // tokens in a training sequence
    int layers = 0;   // leading dense ones included, multi-token prediction not
    int hidden = 0;
    double rope_base = 10000;
    yarn rope_scaling = {};
    double norm_epsilon = 1e-6;
    bool tied_embeddings = false;     // the head reads the embedding's matrix
    double initial_deviation = 0.02;  // of the normal distribution that matrices start from
    int mtp_depth = 0;                // further tokens predicted (DeepSeek-V3, section 2.2): 0 or 1
    double mtp_weight = 0.3;          // of their loss

    constexpr void each(auto visit) const {
        visit("vocab", vocab);
        visit("context", context);
        visit("layers", layers);
        visit("hidden", hidden);
        visit("rope_base", rope_base);
        visit("rope_scaling", rope_scaling);
        visit("norm_epsilon", norm_epsilon);
        visit("tied_embeddings", tied_embeddings);
        visit("initial_deviation", initial_deviation);
        visit("mtp_depth", mtp_depth);
        visit("mtp_weight", mtp_weight);
    }
};

static_assert(model_policy<transformer>);

}  // namespace moe
