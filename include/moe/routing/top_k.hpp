// SPDX-License-Identifier: MIT
// Learned top-k routing, one token at a time.
//   affinity   s = sigmoid(l) (DeepSeek-V3, eq. 12-16) or softmax(l) (DeepSeek-V2, Mixtral, Qwen)
//   selection  z = s + bias; the experts lie in 'groups' equal groups; a group's score is the sum
//              of its two largest z (sigmoid) or its largest (softmax); only the 'kept_groups' best
//              groups stay; of them the 'active' largest z are chosen, ties to the lower index
//   weight     scale s / (sum of the chosen s + 1e-20), or scale s where 'renormalise' is off.
//              From s itself: the bias must not enter, and (s + bias) - bias would lose s
// logits (Experts)    bias (Experts) FP32 or null    chosen, weight (active), ascending by expert
// Experts must be a multiple of groups, and the kept groups must hold at least 'active' experts.
#pragma once

#include <moe/device/isa.hpp>
#include <moe/routing/policy.hpp>
#include <moe/routing/scores.hpp>
#include <moe/routing/select.hpp>

namespace moe {

namespace detail {

inline constexpr double smallest_sum = 1e-20;

template <int Experts, class T, class Policy>
MOE_INLINE void choose_top_k(const Policy& policy, int summed, int* chosen, T* weight, const T* s,
                             const float* bias) {
    T biased[Experts];
    const T* z = s;
    if (bias) {
        for (int e = 0; e < Experts; ++e) biased[e] = s[e] + T(bias[e]);
        z = biased;
    }
    if (policy.kept_groups == policy.groups)
        select_largest<Experts>(chosen, policy.active, z);
    else
        select_in_groups<Experts>(chosen, policy.active, z, policy.groups, policy.kept_groups,
                                  summed);
    T total = T(smallest_sum);
    for (int i = 0; i < policy.active; ++i) total += s[chosen[i]];
    if (!policy.renormalise) total = T(1);
    for (int i = 0; i < policy.active; ++i) weight[i] = s[chosen[i]] / total * T(policy.scale);
}

}  // namespace detail

struct sigmoid_top_k {
    int active = 2, groups = 1, kept_groups = 1;
    double scale = 1;
    bool renormalise = true;

    constexpr void each(auto visit) const {
        visit("active", active);
        visit("groups", groups);
        visit("kept_groups", kept_groups);
        visit("scale", scale);
        visit("renormalise", renormalise);
    }

    template <int Experts, class T, class Isa = isa::native>
    void choose(int* chosen, T* weight, const T* logits, const float* bias) const {
        T s[Experts];
        detail::sigmoids<Isa, Experts>(s, logits);
        detail::choose_top_k<Experts>(*this, 2, chosen, weight, s, bias);
    }

    // dlogits (Experts) is assigned. A choice of -1 has no gradient.
    template <int Experts, class T>
    void backward(T* dlogits, const T* dweight, const T* logits, const int* chosen,
                  const T* /*weight*/) const {
        for (int e = 0; e < Experts; ++e) dlogits[e] = 0;
        T total = T(detail::smallest_sum), mean = 0;
        for (int i = 0; i < active; ++i)
            if (chosen[i] >= 0) total += sigmoid(logits[chosen[i]]);
        if (!renormalise) total = T(1);
        if (renormalise)
            for (int i = 0; i < active; ++i)
                if (chosen[i] >= 0) mean += dweight[i] * (sigmoid(logits[chosen[i]]) / total);
        for (int i = 0; i < active; ++i) {
            if (chosen[i] < 0) continue;
            const T s = sigmoid(logits[chosen[i]]);
            dlogits[chosen[i]] = T(scale) * (s / total) * (T(1) - s) * (dweight[i] - mean);
        }
    }

    // p = s / sum(s)
    template <int Experts, class T, class Isa = isa::native>
    void affinities(T* p, const T* logits) const {
        detail::sigmoids<Isa, Experts>(p, logits);
        const T total = detail::sum_of<Isa, Experts>(p) + T(detail::smallest_sum);
        detail::multiply<Isa, Experts>(p, T(1) / total);
    }
    template <int Experts, class T, class Isa = isa::native>
    void affinities_backward(T* dlogits, const T* dp, const T* logits, const T* p) const {
        using over = detail::sweep<Isa, Experts, T>;
        const auto mean = over::vector::splat(detail::product_of<Isa, Experts>(dp, p));
        const auto one = over::vector::splat(1);
        over::each([&](auto at) {
            const auto slope = at.load(p) * (one - sigmoid(at.load(logits)));
            at.store(dlogits, fma(slope, at.load(dp) - mean, at.load(dlogits)));
        });
    }
};

struct softmax_top_k {
    int active = 2, groups = 1, kept_groups = 1;
    double scale = 1;
    bool renormalise = true;

    constexpr void each(auto visit) const {
        visit("active", active);
        visit("groups", groups);
        visit("kept_groups", kept_groups);
        visit("scale", scale);
        visit("renormalise", renormalise);
    }

    template <int Experts, class T, class Isa = isa::native>
    void choose(int* chosen, T* weight, const T* logits, const float* bias) const {
        T s[Experts];
        detail::softmax<Isa, Experts>(s, logits);
        detail::choose_top_k<Experts>(*this, 1, chosen, weight, s, bias);
    }

    // dlogits (Experts) is assigned. A choice of -1 has no gradient.
    template <int Experts, class T, class Isa = isa::native>
    void backward(T* dlogits, const T* dweight, const T* logits, const int* chosen,
                  const T* /*weight*/) const {
        T s[Experts];
        detail::softmax<Isa, Experts>(s, logits);
        T total = T(detail::smallest_sum), mean = 0;
        for (int i = 0; i < active; ++i)
            if (chosen[i] >= 0) total += s[chosen[i]];
        if (!renormalise) total = T(1);
        for (int i = 0; i < active; ++i)
            if (chosen[i] >= 0) mean += dweight[i] * (s[chosen[i]] / total);
        // Renormalised weights do not feel a logit that moves all chosen s alike: what is left of
        // the softmax's own gradient is the share that the 1e-20 takes.
        const T common = T(scale) * mean * (renormalise ? T(detail::smallest_sum) / total : T(1));
        for (int e = 0; e < Experts; ++e) dlogits[e] = -s[e] * common;
        if (!renormalise) mean = 0;
        for (int i = 0; i < active; ++i)
            if (chosen[i] >= 0)
                dlogits[chosen[i]] += T(scale) * (s[chosen[i]] / total) * (dweight[i] - mean);
    }

    // p = s
    template <int Experts, class T, class Isa = isa::native>
    void affinities(T* p, const T* logits) const {
        detail::softmax<Isa, Experts>(p, logits);
    }
    template <int Experts, class T, class Isa = isa::native>
    void affinities_backward(T* dlogits, const T* dp, const T* /*logits*/, const T* p) const {
        using over = detail::sweep<Isa, Experts, T>;
        const auto mean = over::vector::splat(detail::product_of<Isa, Experts>(dp, p));
        over::each([&](auto at) {
            at.store(dlogits, fma(at.load(p), at.load(dp) - mean, at.load(dlogits)));
        });
    }
};

static_assert(gives_affinities<sigmoid_top_k> && gives_affinities<softmax_top_k>);

}  // namespace moe
