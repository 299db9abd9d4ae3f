// SPDX-License-Identifier: MIT
// What a recipe's model computes, as plain numbers: all that other programs must know to compute
// the same. io is no template on the recipe; shape_of<Recipe>() is where the two meet.
#pragma once

#include <moe/op/rope.hpp>
#include <moe/recipe/attention.hpp>
#include <moe/recipe/of.hpp>
#include <moe/routing/top_k.hpp>

#include <cstdint>
#include <type_traits>

namespace moe::io {

// 'other' is a policy that this library does not know.
enum class attention_kind : std::uint8_t { latent, grouped, other };
enum class routing_kind : std::uint8_t { sigmoid, softmax, other };

// Each field is that of the slot in the comment, under the same name unless said.
struct model_shape {
    // model
    int vocab = 0, context = 0, layers = 0, hidden = 0;
    double rope_base = 10000;
    yarn rope_scaling = {};
    double norm_epsilon = 1e-6, initial_deviation = 0.02;
    bool tied_embeddings = false;
    int mtp_depth = 0;

    // attention
    attention_kind attention = attention_kind::other;
    int heads = 0;
    int q_rank = 0, kv_rank = 0, nope_dim = 0, rope_dim = 0, value_dim = 0;  // latent
    int kv_heads = 0, head_dim = 0;                                          // grouped
    bool qk_norm = false;

    // ffn
    int routed = 0, shared = 0, intermediate = 0, dense_layers = 0, dense_intermediate = 0;

    // routing, balance
    routing_kind routing = routing_kind::other;
    int active = 0, groups = 1, kept_groups = 1;
    double scale = 1;
    bool renormalise = true;
    bool selection_bias = false;  // the router keeps one (balance.uses_bias)

    // Of the layers, mtp_depth more included, which one has a router.
    bool routes(int layer) const { return layer >= dense_layers && dense_layers < layers; }
};

template <class Recipe> constexpr model_shape shape_of() {
    constexpr const auto& model = of<Recipe>.model;
    constexpr const auto& attention = of<Recipe>.attention;
    constexpr const auto& ffn = of<Recipe>.ffn;
    constexpr const auto& routing = of<Recipe>.routing;
    model_shape shape;
    shape.vocab = model.vocab;
    shape.context = model.context;
    shape.layers = model.layers;
    shape.hidden = model.hidden;
    shape.rope_base = model.rope_base;
    shape.rope_scaling = model.rope_scaling;
    shape.norm_epsilon = model.norm_epsilon;
    shape.initial_deviation = model.initial_deviation;
    shape.tied_embeddings = model.tied_embeddings;
    shape.mtp_depth = model.mtp_depth;

    shape.heads = attention.heads;
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(attention)>, mla>) {
        shape.attention = attention_kind::latent;
        shape.q_rank = attention.q_rank;
        shape.kv_rank = attention.kv_rank;
        shape.nope_dim = attention.nope_dim;
        shape.rope_dim = attention.rope_dim;
        shape.value_dim = attention.value_dim;
    } else if constexpr (std::is_same_v<std::remove_cvref_t<decltype(attention)>, gqa>) {
        shape.attention = attention_kind::grouped;
        shape.kv_heads = attention.kv_heads;
        shape.head_dim = attention.head_dim;
        shape.qk_norm = attention.qk_norm;
    }

    shape.routed = ffn.routed;
    shape.shared = ffn.shared;
    shape.intermediate = ffn.intermediate;
    shape.dense_layers = ffn.dense_layers;
    shape.dense_intermediate = ffn.dense_intermediate;

    using routing_policy_type = std::remove_cvref_t<decltype(routing)>;
    shape.active = routing.active;
    if constexpr (std::is_same_v<routing_policy_type, sigmoid_top_k>)
        shape.routing = routing_kind::sigmoid;
    else if constexpr (std::is_same_v<routing_policy_type, softmax_top_k>)
        shape.routing = routing_kind::softmax;
    if constexpr (std::is_same_v<routing_policy_type, sigmoid_top_k> ||
                  std::is_same_v<routing_policy_type, softmax_top_k>) {
        shape.groups = routing.groups;
        shape.kept_groups = routing.kept_groups;
        shape.scale = routing.scale;
        shape.renormalise = routing.renormalise;
    }
    shape.selection_bias = of<Recipe>.balance.uses_bias();
    return shape;
}

}  // namespace moe::io
