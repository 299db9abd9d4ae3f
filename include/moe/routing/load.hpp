// SPDX-License-Identifier: MIT
// How evenly the experts are used.
#pragma once

#include <moe/op/groups.hpp>
#include <moe/routing/policy.hpp>
#include <moe/tensor/view.hpp>

#include <cmath>
#include <cstdint>

namespace moe {

// counts[e] += rows of expert e
constexpr void add_counts(std::int64_t* counts, groups by_expert) {
    for (int e = 0; e < by_expert.count; ++e)
        counts[e] += by_expert.first[e + 1] - by_expert.first[e];
}

struct expert_load {
    double max_violation = 0;  // (largest count - mean) / mean; 0 is perfect
    int dead = 0;              // experts without a token
    double entropy = 1;        // of the shares, as a share of ln(experts); 1 is perfect
};

inline expert_load load_of(const std::int64_t* counts, int experts) {
    std::int64_t total = 0, most = 0;
    expert_load is;
    for (int e = 0; e < experts; ++e) {
        total += counts[e];
        most = counts[e] > most ? counts[e] : most;
        is.dead += counts[e] == 0;
    }
    if (total == 0 || experts < 2) return is;
    const double mean = double(total) / experts;
    is.max_violation = (double(most) - mean) / mean;
    double sum = 0;
    for (int e = 0; e < experts; ++e)
        if (counts[e] > 0) sum -= double(counts[e]) * std::log(double(counts[e]) / double(total));
    is.entropy = sum / (double(total) * std::log(double(experts)));
    return is;
}

// How undecided the router is: entropy[t] of a token's affinities, as a share of ln(Experts).
template <int Experts, class On, class T, gives_affinities Routing>
void router_entropy(On on, T* entropy, input<T> logits, const Routing& routing) {
    static_assert(Experts > 1);
    MOE_CHECK(logits.width, ==, Experts);
    on.each(logits.count, [&](int t) {
        T p[Experts], sum = 0;
        routing.template affinities<Experts>(p, logits[t]);
        for (int e = 0; e < Experts; ++e)
            if (p[e] > 0) sum -= p[e] * std::log(p[e]);
        entropy[t] = sum / std::log(T(Experts));
    });
}

}  // namespace moe
