// SPDX-License-Identifier: MIT
// The policies of the slot 'balance', and their loss.
//   L = weight sum_i f_i P_i     f_i = E / (K n) x (tokens that picked i)    P_i = mean of p_i
// over the n tokens of one sequence, with E experts of which K are active and p the normalised
// affinities. f is not differentiated. Under perfect balance L = weight.
// bias_balance: DeepSeek-V3, eq. 17-20. A token picks the K largest p, without bias and groups.
// loss_balance: DeepSeek-V2, eq. 23-25 (the classic loss of GShard and Switch). A token picks what
//   was chosen for it. Also summed sequence by sequence: over a batch the product of two means
//   would depend on how the batch is cut into micro-batches and ranks.
#pragma once

#include <moe/routing/bias.hpp>
#include <moe/routing/policy.hpp>
#include <moe/routing/select.hpp>
#include <moe/tensor/view.hpp>

namespace moe {

struct bias_balance {
    double rate = 1e-3;           // of the selection bias, a step; 0: no bias
    double sequence_loss = 1e-4;  // weight of the loss; 0: none
    bool proportional = false;    // steps as large as the violation, not of one size

    constexpr void each(auto visit) const {
        visit("rate", rate);
        visit("sequence_loss", sequence_loss);
        visit("proportional", proportional);
    }
    static constexpr bool loss_counts_choices = false;
    constexpr bool uses_bias() const { return rate > 0; }
    constexpr double loss_weight() const { return sequence_loss; }
    constexpr void update(float* bias, const std::int64_t* counts, int experts,
                          double share = 1) const {
        if (proportional)
            update_bias_in_proportion(bias, counts, experts, rate * share);
        else
            update_bias(bias, counts, experts, rate * share);
    }
};

struct loss_balance {
    double weight = 1e-2;

    constexpr void each(auto visit) const { visit("weight", weight); }
    static constexpr bool loss_counts_choices = true;
    constexpr bool uses_bias() const { return false; }
    constexpr double loss_weight() const { return weight; }
    constexpr void update(float*, const std::int64_t*, int, double = 1) const {}
};

static_assert(balance_policy<bias_balance> && balance_policy<loss_balance>);

namespace detail {

template <int Experts, class T, class Routing>
void count_picks(int* picks, const int* chosen, const T* p, const Routing& routing,
                 bool as_chosen) {
    int largest[Experts];
    if (!as_chosen) select_largest<Experts>(largest, routing.active, p);
    for (int i = 0; i < routing.active; ++i) {
        const int expert = as_chosen ? chosen[i] : largest[i];
        if (expert >= 0) ++picks[expert];
    }
}

}  // namespace detail

// losses (sequences): the loss of each sequence. dlogits += gradient of scale x (their sum), unless
// it is a view of nothing. The loss of a step is the mean over the sequences of the global batch,
// so scale is 1 / (their number), on every rank and in every micro-batch.
// logits, dlogits (sequences x length, Experts)    chosen (sequences x length, active)
// A token whose choices are all -1 is padding: neither counted nor averaged.
template <int Experts, class On, class T, gives_affinities Routing, balance_policy Balance>
void balance_loss(On on, rows<T> dlogits, same<T>* losses, input<T> logits, const int* chosen,
                  int length, double scale, const Routing& routing, const Balance& balance) {
    MOE_CHECK(logits.width, ==, Experts);
    MOE_CHECK(length, >, 0);
    MOE_CHECK(logits.count % length, ==, 0);
    const auto choices = [&](int t) { return chosen + std::ptrdiff_t(t) * routing.active; };
    const auto is_padding = [&](int t) {
        for (int i = 0; i < routing.active; ++i)
            if (choices(t)[i] >= 0) return false;
        return true;
    };
    const double weight = balance.loss_weight();
    on.each(logits.count / length, [&](int sequence) {
        losses[sequence] = 0;
        if (weight == 0) return;
        const int first = sequence * length, last = first + length;
        int picks[Experts] = {}, tokens = 0;
        T p[Experts], sum[Experts] = {}, slope[Experts];
        for (int t = first; t < last; ++t) {
            if (is_padding(t)) continue;
            ++tokens;
            routing.template affinities<Experts>(p, logits[t]);
            for (int e = 0; e < Experts; ++e) sum[e] += p[e];
            detail::count_picks<Experts>(picks, choices(t), p, routing,
                                         Balance::loss_counts_choices);
        }
        if (tokens == 0) return;
        const double each = weight * Experts / (double(routing.active) * tokens) / tokens;
        double loss = 0;
        for (int e = 0; e < Experts; ++e) {
            loss += each * picks[e] * double(sum[e]);
            slope[e] = T(scale * each * picks[e]);
        }
        losses[sequence] = T(loss);
        if (dlogits.at == nullptr) return;
        for (int t = first; t < last; ++t) {
            if (is_padding(t)) continue;
            routing.template affinities<Experts>(p, logits[t]);
            routing.template affinities_backward<Experts>(dlogits[t], slope, logits[t], p);
        }
    });
}

}  // namespace moe
