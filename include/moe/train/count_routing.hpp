// SPDX-License-Identifier: MIT
// Counts what the mixtures of a network chose in its last forward pass.
#pragma once

#include <moe/model/network.hpp>
#include <moe/train/routing_report.hpp>

#include <cmath>
#include <vector>

namespace moe {

// Room for the layers that run in every pass; the module for multi-token prediction does not run
// here.
template <class Recipe> routing_counts counts_for() {
    return {transformer_of<Recipe>::mixture_layers, of<Recipe>.ffn.routed};
}
template <class Recipe> routing_tally tally_for() {
    return {transformer_of<Recipe>::mixture_layers, of<Recipe>.ffn.routed};
}

// Entropies are rounded to integers token by token: their sum has no order.
template <class Recipe, class On>
void count_routing(network<Recipe, On>& network, routing_counts& counts, routing_tally& tally) {
    using routing_type = std::remove_const_t<decltype(Recipe::routing)>;
    constexpr int layers = transformer_of<Recipe>::mixture_layers, routed = of<Recipe>.ffn.routed;
    const int tokens = network.last_pass().tokens();
    tally.tokens += tokens;
    int layer = 0;
    std::vector<precise_of<Recipe>> entropies(std::size_t(tokens), 0);
    network.each_mixture([&](const auto& mixture) {
        if (layer >= layers) return;
        add_counts(counts.layer(layer), mixture.plan.by_expert());
        tally.together[std::size_t(layer)].add(mixture.plan.chosen, tokens, mixture.plan.active);
        std::int64_t& undecided = tally.undecided[std::size_t(layer)];
        if constexpr (gives_affinities<routing_type> && routed > 1) {
            router_entropy<routed>(network.on(), entropies.data(), mixture.logits.part(0, tokens),
                                   of<Recipe>.routing);
            for (const auto entropy : entropies)
                undecided += std::llround(double(entropy) * routing_tally::unit);
        } else {
            undecided = -1;
        }
        ++layer;
    });
}

}  // namespace moe
