// SPDX-License-Identifier: MIT
// Balance without an auxiliary loss: after each step the selection bias of an expert that got fewer
// tokens than the mean rises by a fixed rate, that of one that got more falls.
//   e_i = mean(c) - c_i      b_i += rate (sign(e_i) - mean_j sign(e_j))      sign(0) = 0
// c_i counts the choices of the whole global batch, all ranks and micro-batches: counts of a part
// would let replicas drift apart. The sign brings the median of a load to the mean of all: an
// expert that is busy in few batches and idle in most stays too busy on the whole. In proportion,
//   b_i += rate e_i / mean(c)
// the mean itself comes to rest, and steps grow small with the violation. Wang et al. 2024,
// "Auxiliary-loss-free load balancing", algorithm 1; the centring is Moonlight's (appendix C): the
// same choices, but the biases do not wander off.
#pragma once

#include <moe/core/math.hpp>

#include <cstdint>

namespace moe {

// Integers only until the last line, so the result cannot depend on how the counts were gathered.
constexpr void update_bias(float* bias, const std::int64_t* counts, int experts, double rate) {
    std::int64_t total = 0, signs = 0;
    for (int e = 0; e < experts; ++e) total += counts[e];
    const auto sign = [&](int e) {
        const std::int64_t scaled = counts[e] * experts;
        return int(scaled < total) - int(scaled > total);
    };
    for (int e = 0; e < experts; ++e) signs += sign(e);
    const double mean = double(signs) / experts;
    for (int e = 0; e < experts; ++e) bias[e] = float(bias[e] + rate * (sign(e) - mean));
}

constexpr void update_bias_in_proportion(float* bias, const std::int64_t* counts, int experts,
                                         double rate) {
    std::int64_t total = 0;
    for (int e = 0; e < experts; ++e) total += counts[e];
    if (total == 0) return;
    for (int e = 0; e < experts; ++e)
        bias[e] = float(bias[e] + rate * (double(total - counts[e] * experts) / double(total)));
}

}  // namespace moe
