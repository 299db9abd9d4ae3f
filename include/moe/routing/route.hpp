// SPDX-License-Identifier: MIT
// A routing policy over all tokens, split over tokens.
// logits, dlogits (tokens, Experts)    bias (Experts) or null
// chosen (tokens, active)    weight, dweight (tokens, active)
#pragma once

#include <moe/routing/policy.hpp>
#include <moe/tensor/view.hpp>

namespace moe {

// The text behind the logits, for a policy that asks: whole sequences of one length. Null: not
// known.
struct routed_text {
    const int* tokens = nullptr;   // (tokens)
    const int* domains = nullptr;  // (sequences)
    int length = 1;                // of a sequence

    token_facts of(int t) const {
        return {tokens ? tokens[t] : -1, domains ? domains[t / length] : -1};
    }
};

template <int Experts, class On, class T, routing_policy Routing>
void route(On on, int* chosen, rows<T> weight, input<T> logits, const float* bias,
           const Routing& routing, [[maybe_unused]] const routed_text& text = {}) {
    MOE_CHECK(logits.width, ==, Experts);
    MOE_CHECK(weight.width, ==, routing.active);
    MOE_CHECK(weight.count, ==, logits.count);
    MOE_CHECK(routing.active, <=, Experts);
    const auto choices = [&](int t) { return chosen + std::ptrdiff_t(t) * routing.active; };
    if constexpr (chooses_by_sequence<Routing>) {
        MOE_CHECK(logits.count % text.length, ==, 0);
        on.each(logits.count / text.length, [&](int sequence) {
            const int first = sequence * text.length;
            routing.template choose_sequence<Experts>(
                choices(first), weight.part(first, text.length), logits.part(first, text.length));
        });
    } else {
        on.each(logits.count, [&](int t) {
            if constexpr (asks_about_tokens<Routing>)
                routing.template choose<Experts>(choices(t), weight[t], logits[t], bias,
                                                 text.of(t));
            else
                routing.template choose<Experts>(choices(t), weight[t], logits[t], bias);
        });
    }
}

// dlogits is assigned; the choices are held fixed.
template <int Experts, class On, class T, routing_policy Routing>
void route_backward(On on, rows<T> dlogits, input<T> dweight, input<T> logits, const int* chosen,
                    input<T> weight, const Routing& routing) {
    MOE_CHECK(logits.width, ==, Experts);
    MOE_CHECK(dlogits.width, ==, Experts);
    MOE_CHECK(dweight.width, ==, routing.active);
    MOE_CHECK(weight.width, ==, routing.active);
    on.each(logits.count, [&](int t) {
        const int* const of_token = chosen + std::ptrdiff_t(t) * routing.active;
        routing.template backward<Experts>(dlogits[t], dweight[t], logits[t], of_token, weight[t]);
    });
}

}  // namespace moe
