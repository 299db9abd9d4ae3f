// SPDX-License-Identifier: MIT
// Which layer stands behind the policy in the slot 'attention'. A policy of one's own brings its
// layer by specialising this.
#pragma once

#include <moe/layer/grouped_query_attention.hpp>
#include <moe/layer/latent_attention.hpp>
#include <moe/recipe/attention.hpp>

namespace moe {

template <class Recipe, class Policy> struct attention_layer;
template <class Recipe> struct attention_layer<Recipe, gqa> {
    using type = grouped_query_attention<Recipe>;
};
template <class Recipe> struct attention_layer<Recipe, mla> {
    using type = latent_attention<Recipe>;
};

template <class Recipe>
using attention_of = typename attention_layer<Recipe, decltype(Recipe::attention)>::type;

}  // namespace moe
