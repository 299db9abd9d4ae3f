// SPDX-License-Identifier: MIT
// The policy for the slot 'ffn': SwiGLU experts, w2(silu(w1 x) * w3 x), of which the router picks a
// few for each token, beside shared ones that every token visits. Dai et al., "DeepSeekMoE", 2024.
// Experts that were grown for other domains may stand in an extra slot (layer/slot.hpp).
#pragma once

#include <concepts>

namespace moe {

template <class Policy>
concept ffn_policy = requires(const Policy p) {
    { p.routed } -> std::convertible_to<int>;
    { p.shared } -> std::convertible_to<int>;
    { p.intermediate } -> std::convertible_to<int>;
    { p.dense_layers } -> std::convertible_to<int>;
    { p.dense_intermediate } -> std::convertible_to<int>;
    { p.slot } -> std::convertible_to<int>;
};

struct experts {
    int routed = 0;
    int shared = 0;  // computed as one expert of shared * intermediate
    int intermediate = 0;
    int dense_layers = 0;  // the first layers have one dense SwiGLU instead
    int dense_intermediate = 0;
    int slot = 0;  // experts beside the top-k, of which a token gets the best one or none

    constexpr void each(auto visit) const {
        visit("routed", routed);
        visit("shared", shared);
        visit("intermediate", intermediate);
        visit("dense_layers", dense_layers);
        visit("dense_intermediate", dense_intermediate);
        visit("slot", slot);
    }
};

static_assert(ffn_policy<experts>);

}  // namespace moe
