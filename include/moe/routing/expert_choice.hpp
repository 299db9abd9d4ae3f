// SPDX-License-Identifier: MIT
// Experts choose tokens: in a sequence of n tokens each of E experts takes the n capacity / E
// (rounded up) tokens of largest affinity, softmax over the experts. Every expert has the same load
// by construction, a token has as many experts as chose it, possibly none. At most 'active' of them
// work on it: those of largest affinity. The weight is the affinity. Ties go to the lower token and
// to the lower expert. Zhou et al. 2022, "Mixture-of-experts with expert choice routing".
//
// Whether a token is taken depends on the tokens behind it: a causal model trained so sees the
// future, and its loss is not that of a model which has to predict. Who wants that says so.
#pragma once

#include <moe/core/math.hpp>
#include <moe/routing/policy.hpp>
#include <moe/routing/top_k.hpp>

#include <bit>
#include <cmath>

namespace moe {

struct expert_choice {
    int active = 4;    // most experts of a token; what counts and memory are planned for
    int capacity = 2;  // experts of a token, in the mean
    double scale = 1;
    bool leaks_future = false;

    constexpr void each(auto visit) const {
        visit("active", active);
        visit("capacity", capacity);
        visit("scale", scale);
        visit("leaks_future", leaks_future);
    }

    template <int Experts, class T>
    void choose_sequence(int* chosen, rows<T> weight, rows<const T> logits) const {
        const int tokens = logits.count;
        const int wanted = smaller(tokens, int(ceil_divide(tokens * capacity, Experts)));
        // weight holds the logarithm of each token's softmax sum until the end.
        for (int t = 0; t < tokens; ++t) {
            weight(t, 0) = log_sum<Experts>(logits[t]);
            for (int i = 0; i < active; ++i) chosen[t * active + i] = -1;
        }
        const auto affinity = [&](int t, int e) { return float(logits(t, e) - weight(t, 0)); };
        for (int e = 0; e < Experts; ++e) {
            const auto key = [&](int t) { return order_of(affinity(t, e)); };
            // The smallest key that is taken, bit by bit from the top: the largest with 'wanted'
            // keys at or above it.
            std::uint32_t least = 0;
            for (int bit = 31; bit >= 0; --bit) {
                const std::uint32_t tried = least | std::uint32_t{1} << bit;
                int above = 0;
                for (int t = 0; t < tokens; ++t) above += key(t) >= tried;
                if (above >= wanted) least = tried;
            }
            int level = wanted;  // of the tokens exactly there, the first ones
            for (int t = 0; t < tokens; ++t) level -= key(t) > least;
            for (int t = 0; t < tokens; ++t)
                if (key(t) > least || (key(t) == least && level-- > 0))
                    take(chosen + t * active, e, [&](int other) { return affinity(t, other); });
        }
        for (int t = 0; t < tokens; ++t) {
            const T total = weight(t, 0);
            for (int i = 0; i < active; ++i) {
                const int e = chosen[t * active + i];
                weight(t, i) = e < 0 ? T(0) : T(scale) * exponential(logits(t, e) - total);
            }
        }
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

private:
    constexpr softmax_top_k plain() const {
        return {.active = active, .scale = scale, .renormalise = false};
    }
    template <int Experts, class T> static T log_sum(const T* logits) {
        T most = logits[0], sum = 0;
        for (int e = 1; e < Experts; ++e) most = logits[e] > most ? logits[e] : most;
        for (int e = 0; e < Experts; ++e) sum += exponential(logits[e] - most);
        return most + T(std::log(double(sum)));
    }
    // Larger numbers, larger keys; NaN above all.
    static std::uint32_t order_of(float x) {
        if (x != x) return ~std::uint32_t{0};
        const auto bits = std::bit_cast<std::uint32_t>(x + 0.0F);
        return bits >> 31 ? ~bits : bits | std::uint32_t{1} << 31;
    }
    // Experts come in ascending order. Where a token has all it may have, the least of them goes.
    template <class Affinity> void take(int* chosen, int expert, const Affinity& affinity) const {
        int count = 0;
        while (count < active && chosen[count] >= 0) ++count;
        if (count == active) {
            int least = 0;
            for (int i = 1; i < active; ++i)
                if (affinity(chosen[i]) <= affinity(chosen[least])) least = i;
            if (!(affinity(expert) > affinity(chosen[least]))) return;
            for (int i = least; i + 1 < active; ++i) chosen[i] = chosen[i + 1];
            count = active - 1;
        }
        chosen[count] = expert;
    }
};

static_assert(chooses_by_sequence<expert_choice> && gives_affinities<expert_choice>);

}  // namespace moe
