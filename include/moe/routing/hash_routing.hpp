// SPDX-License-Identifier: MIT
// Routing by a fixed hash of the token: nothing is learnt, equal tokens always meet the same
// experts, and each of those gets the same weight. Roller et al. 2021, "Hash layers for large
// sparse models". How even the load is depends on how often the tokens occur; no balance can change
// it.
#pragma once

#include <moe/core/check.hpp>
#include <moe/core/random.hpp>
#include <moe/routing/policy.hpp>

namespace moe {

struct hash_routing {
    int active = 1;
    double scale = 1;  // shared out evenly among the chosen
    int seed = 0;      // another seed, another table

    constexpr void each(auto visit) const {
        visit("active", active);
        visit("scale", scale);
        visit("seed", seed);
    }

    // Without replacement: the draw number 'last' is of the experts up to 'last', and stands for
    // that one itself when it was drawn before (Floyd's algorithm). Kept ascending.
    template <int Experts, class T>
    void choose(int* chosen, T* weight, const T*, const float*, token_facts about) const {
        MOE_CHECK(about.token, >=, 0);
        int count = 0;
        for (int last = Experts - active; last < Experts; ++last) {
            int drawn = int(random_below(std::uint64_t(last) + 1, std::uint64_t(seed),
                                         std::uint64_t(about.token), std::uint64_t(last)));
            for (int i = 0; i < count; ++i)
                if (chosen[i] == drawn) drawn = last;
            int at = count++;
            for (; at > 0 && chosen[at - 1] > drawn; --at) chosen[at] = chosen[at - 1];
            chosen[at] = drawn;
        }
        for (int i = 0; i < active; ++i) weight[i] = T(scale) / T(active);
    }
    template <int Experts, class T>
    void backward(T* dlogits, const T*, const T*, const int*, const T*) const {
        for (int e = 0; e < Experts; ++e) dlogits[e] = 0;
    }
};

static_assert(asks_about_tokens<hash_routing> && routing_policy<hash_routing>);

}  // namespace moe
