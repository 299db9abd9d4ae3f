// SPDX-License-Identifier: MIT
// Top-k routing in which a group of experts is a domain's own: where the domain of a text is known,
// which is in training, 'strength' is added to the affinities of its group when experts are
// selected. Domain d has group d modulo groups. Weights come from the affinities alone, and where
// the domain is not known this is moe::sigmoid_top_k. A strength near the spread of the affinities
// makes domains matter; a much larger one leaves nothing to the router to learn, and selection
// biases that fit no text whose domain is not known.
#pragma once

#include <moe/routing/top_k.hpp>

namespace moe {

struct domain_top_k {
    int active = 2, groups = 4, kept_groups = 4;
    double scale = 1;
    bool renormalise = true;
    double strength = 0.1;  // affinities lie between 0 and 1: at 1 no other group has a chance

    constexpr void each(auto visit) const {
        visit("active", active);
        visit("groups", groups);
        visit("kept_groups", kept_groups);
        visit("scale", scale);
        visit("renormalise", renormalise);
        visit("strength", strength);
    }
    constexpr sigmoid_top_k plain() const {
        return {active, groups, kept_groups, scale, renormalise};
    }

    template <int Experts, class T, class Isa = isa::native>
    void choose(int* chosen, T* weight, const T* logits, const float* bias,
                token_facts about) const {
        if (about.domain < 0)
            return plain().template choose<Experts, T, Isa>(chosen, weight, logits, bias);
        float pulled[Experts];
        for (int e = 0; e < Experts; ++e) pulled[e] = bias ? bias[e] : 0;
        const int size = Experts / groups, first = about.domain % groups * size;
        for (int e = first; e < first + size; ++e) pulled[e] += float(strength);
        plain().template choose<Experts, T, Isa>(chosen, weight, logits, pulled);
    }
    template <int Experts, class T>
    void backward(T* dlogits, const T* dweight, const T* logits, const int* chosen,
                  const T* weight) const {
        plain().template backward<Experts>(dlogits, dweight, logits, chosen, weight);
    }
    template <int Experts, class T> void affinities(T* p, const T* logits) const {
        plain().template affinities<Experts>(p, logits);
    }
    template <int Experts, class T>
    void affinities_backward(T* dlogits, const T* dp, const T* logits, const T* p) const {
        plain().template affinities_backward<Experts>(dlogits, dp, logits, p);
    }
};

static_assert(asks_about_tokens<domain_top_k> && gives_affinities<domain_top_k>);

}  // namespace moe
