// SPDX-License-Identifier: MIT
// What a recipe's model computes, as plain numbers: all that other programs must know to compute
// the same. io is no template on the recipe; shape_of<Recipe>() is where the two meet.
#pragma once

#include <moe/op/rope.hpp>
#include <moe/recipe/attention.hpp>
#include <moe/recipe/experts.hpp>
#include <moe/recipe/of.hpp>
#include <moe/recipe/transformer.hpp>
#include <moe/routing/top_k.hpp>

#include <cstdint>
#include <type_traits>

namespace moe::io {

enum class attention_kind : std::uint8_t { latent, grouped };
enum class routing_kind : std::uint8_t { sigmoid, softmax };

// Each field is that of the slot in the comment, under the same name unless said.
struct model_shape {
    // The first slot that holds a policy which is not the library's own: then nothing is known of
    // what it computes. Null: none.
    const char* unknown_policy = nullptr;

    // model
    int vocab = 0, context = 0, layers = 0, hidden = 0;
    double rope_base = 10000;
    yarn rope_scaling = {};
    double norm_epsilon = 1e-6, initial_deviation = 0.02;
    bool tied_embeddings = false;
    int mtp_depth = 0;

    // attention
    attention_kind attention = attention_kind::latent;
    int heads = 0;
    int q_rank = 0, kv_rank = 0, nope_dim = 0, rope_dim = 0, value_dim = 0;  // latent
    int kv_heads = 0, head_dim = 0;                                          // grouped
    bool qk_norm = false;

    // ffn
    int routed = 0, shared = 0, intermediate = 0, dense_layers = 0, dense_intermediate = 0,
        slot = 0;

    // routing, balance
    routing_kind routing = routing_kind::sigmoid;
    int active = 0, groups = 1, kept_groups = 1;
    double scale = 1;
    bool renormalise = true;
    bool selection_bias = false;  // the router keeps one (balance.uses_bias)

    // precision: layers at the ends whose weights are not written as codes
    int high_first_layers = 0, high_last_layers = 0;

    constexpr bool stays_high(int layer) const {
        return layer < high_first_layers || layer >= layers - high_last_layers;
    }
    // Whether a layer has a router. Layers from 'layers' on are those of multi-token prediction,
    // of the kind of the last one.
    constexpr bool routes(int layer) const {
        return (layer < layers ? layer : layers - 1) >= dense_layers;
    }
};

template <class Recipe> constexpr model_shape shape_of() {
    constexpr auto model = of<Recipe>.model;
    constexpr auto attention = of<Recipe>.attention;
    constexpr auto ffn = of<Recipe>.ffn;
    constexpr auto routing = of<Recipe>.routing;
    using model_type = std::remove_const_t<decltype(model)>;
    using attention_type = std::remove_const_t<decltype(attention)>;
    using ffn_type = std::remove_const_t<decltype(ffn)>;
    using routing_type = std::remove_const_t<decltype(routing)>;
    model_shape shape;

    if constexpr (!std::is_same_v<model_type, transformer>) shape.unknown_policy = "model";
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
    if constexpr (std::is_same_v<attention_type, mla>) {
        shape.attention = attention_kind::latent;
        shape.q_rank = attention.q_rank;
        shape.kv_rank = attention.kv_rank;
        shape.nope_dim = attention.nope_dim;
        shape.rope_dim = attention.rope_dim;
        shape.value_dim = attention.value_dim;
    } else if constexpr (std::is_same_v<attention_type, gqa>) {
        shape.attention = attention_kind::grouped;
        shape.kv_heads = attention.kv_heads;
        shape.head_dim = attention.head_dim;
        shape.qk_norm = attention.qk_norm;
    } else {
        shape.unknown_policy = "attention";
    }

    if constexpr (!std::is_same_v<ffn_type, experts>) shape.unknown_policy = "ffn";
    shape.routed = ffn.routed;
    shape.shared = ffn.shared;
    shape.intermediate = ffn.intermediate;
    shape.dense_layers = ffn.dense_layers;
    shape.dense_intermediate = ffn.dense_intermediate;
    shape.slot = ffn.slot;

    constexpr bool sigmoid = std::is_same_v<routing_type, sigmoid_top_k>;
    shape.routing = sigmoid ? routing_kind::sigmoid : routing_kind::softmax;
    shape.active = routing.active;
    if constexpr (sigmoid || std::is_same_v<routing_type, softmax_top_k>) {
        shape.groups = routing.groups;
        shape.kept_groups = routing.kept_groups;
        shape.scale = routing.scale;
        shape.renormalise = routing.renormalise;
    } else {
        shape.unknown_policy = "routing";
    }
    shape.selection_bias = of<Recipe>.balance.uses_bias();
    if constexpr (requires { of<Recipe>.precision.high_first_layers; }) {
        shape.high_first_layers = of<Recipe>.precision.high_first_layers;
        shape.high_last_layers = of<Recipe>.precision.high_last_layers;
    }
    return shape;
}

}  // namespace moe::io
