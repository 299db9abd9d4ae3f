// SPDX-License-Identifier: MIT
// What layers and counts need of a recipe as plain compile-time numbers, the derived ones included.
// Everything that is the same for all attention policies stands here; what only one of them has
// (q_rank, qk_norm) its layer reads from of<Recipe>.attention.
#pragma once

#include <moe/recipe/of.hpp>

namespace moe {

template <class Recipe> struct sizes {
    static constexpr int vocab = of<Recipe>.model.vocab;
    static constexpr int context = of<Recipe>.model.context;
    static constexpr int hidden = of<Recipe>.model.hidden;
    static constexpr bool tied_embeddings = of<Recipe>.model.tied_embeddings;

    static constexpr int heads = of<Recipe>.attention.heads;
    static constexpr int key_size = of<Recipe>.attention.key_size();      // of one head
    static constexpr int value_size = of<Recipe>.attention.value_size();  // of one head
    static constexpr int cache_size = of<Recipe>.attention.cache_size();  // a token and layer

    // layers = dense_layers + moe_layers, in this order. The block of multi-token prediction stands
    // apart and is of the kind of the last layer.
    static constexpr int layers = of<Recipe>.model.layers;
    static constexpr int dense_layers = of<Recipe>.ffn.dense_layers;
    static constexpr int moe_layers = layers - dense_layers;
    static constexpr int mtp_depth = of<Recipe>.model.mtp_depth;
    static constexpr bool mtp_is_dense = moe_layers == 0;

    static constexpr int experts = of<Recipe>.ffn.routed;
    static constexpr int active = of<Recipe>.routing.active;  // of the routed ones, a token
    static constexpr int slot = of<Recipe>.ffn.slot;          // experts beside the routed ones
    static constexpr int intermediate = of<Recipe>.ffn.intermediate;
    static constexpr int shared_intermediate = of<Recipe>.ffn.shared * intermediate;
    static constexpr int dense_intermediate = of<Recipe>.ffn.dense_intermediate;
};

}  // namespace moe
