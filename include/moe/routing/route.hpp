// SPDX-License-Identifier: MIT
// A routing policy over all tokens, split over tokens.
// logits, dlogits (tokens, Experts)    bias (Experts) or null
// chosen (tokens, active)    weight, dweight (tokens, active)
#pragma once

#include <moe/routing/policy.hpp>
#include <moe/tensor/view.hpp>

namespace moe {

template <int Experts, class On, class T, routing_policy Routing>
void route(On on, int* chosen, rows<T> weight, input<T> logits, const float* bias,
           const Routing& routing) {
    MOE_CHECK(logits.width, ==, Experts);
    MOE_CHECK(weight.width, ==, routing.active);
    MOE_CHECK(weight.count, ==, logits.count);
    MOE_CHECK(routing.active, <=, Experts);
    on.each(logits.count, [&](int t) {
        int* const of_token = chosen + std::ptrdiff_t(t) * routing.active;
        routing.template choose<Experts>(of_token, weight[t], logits[t], bias);
    });
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
