// SPDX-License-Identifier: MIT
// What a routing policy and a balance policy must say: the concepts of the recipe's slots 'routing'
// and 'balance'. A policy is an aggregate of numbers with a few functions on one token; the loops
// over tokens and threads (routing/route.hpp, routing/balance.hpp) are written once for all.
#pragma once

#include <moe/tensor/view.hpp>

#include <concepts>
#include <cstdint>

namespace moe {

// What a pass knows of a token besides its logits. -1: not known, as every domain is when a text is
// scored or continued.
struct token_facts {
    int token = -1, domain = -1;
};

// One token's experts. 'active' of 'Experts' are chosen, ascending, each with a weight; -1 is no
// choice. A selection bias may be null. The way back holds the choices fixed. A policy has one of
//   choose<Experts>(chosen, weight, logits, bias)
//   choose<Experts>(chosen, weight, logits, bias, token_facts)   asks which token it is
//   choose_sequence<Experts>(chosen, weight, logits)   for all tokens of a sequence at once;
//                                       chosen (tokens x active), weight and logits are rows
// and whoever does not ask pays nothing.
template <class Policy>
concept chooses_by_logits = requires(const Policy policy, int* chosen, double* weight,
                                     const double* logits, const float* bias) {
    policy.template choose<8>(chosen, weight, logits, bias);
};
template <class Policy>
concept asks_about_tokens = requires(const Policy policy, int* chosen, double* weight,
                                     const double* logits, const float* bias) {
    policy.template choose<8>(chosen, weight, logits, bias, token_facts{});
};
template <class Policy>
concept chooses_by_sequence = requires(const Policy policy, int* chosen, rows<double> weight,
                                       rows<const double> logits) {
    policy.template choose_sequence<8>(chosen, weight, logits);
};

template <class Policy>
concept routing_policy = (chooses_by_logits<Policy> || asks_about_tokens<Policy> ||
                          chooses_by_sequence<Policy>)&&requires(const Policy policy,
                                                                 double* dlogits,
                                                                 const int* was_chosen,
                                                                 const double* dweight,
                                                                 const double* logits) {
    { policy.active } -> std::convertible_to<int>;
    policy.template backward<8>(dlogits, dweight, logits, was_chosen, dweight);
};

// A routing policy whose affinities form a distribution over the experts: what a balance loss
// needs. Without one, a policy can still be balanced by a selection bias.
//   affinities<Experts>(p, logits)                         p (Experts) sums to 1
//   affinities_backward<Experts>(dlogits, dp, logits, p)   adds to dlogits
template <class Policy>
concept gives_affinities = routing_policy<Policy> &&
    requires(const Policy policy, double* p, const double* logits) {
    policy.template affinities<8>(p, logits);
    policy.template affinities_backward<8>(p, logits, logits, logits);
};

// How the experts are kept equally busy.
//   uses_bias()      the router keeps a selection bias, saved but never trained
//   update(bias, counts, experts, share)   after each step, from the choices of the whole global
//                    batch; share of the full pace: a smaller one towards the end of a run lets
//                    the load settle (DeepSeek-V3 stops updating for its last 3 %)
//   loss_weight()    of the loss added for each sequence; 0: none
//   loss_counts_choices   whether that loss counts the choices made (with bias and groups) or the
//                         experts of largest affinity
template <class Policy>
concept balance_policy = requires(const Policy policy, float* bias, const std::int64_t* counts) {
    { policy.uses_bias() } -> std::same_as<bool>;
    { policy.loss_weight() } -> std::convertible_to<double>;
    { Policy::loss_counts_choices } -> std::convertible_to<bool>;
    policy.update(bias, counts, 8, 1.0);
};

}  // namespace moe
