// SPDX-License-Identifier: MIT
// The number types of a recipe's roles, and what every layer has in common.
//
// A layer is a type with four structs and three passes:
//   state<Slot>   its parameters, in any role (layer/spec.hpp)
//   kept          what forward leaves for the way back
//   delta         what backward_input leaves for backward_weight: the gradients of its products
//   work          what lives inside one pass only; one serves all layers of a type
//   forward(on, pass, y, x, state<weight>, kept, work)
//   backward_input(on, pass, dx, dy, state<weight>, kept, delta, work)
//   backward_weight(on, pass, dy, kept, delta, state<gradient>)
// Buffers are placed in an arena before the run. Activation gradients are assigned, weight
// gradients are added to. kept holds views of the layer's input: the caller keeps x alive until the
// way back, and dy until backward_weight, which may run any time later.
#pragma once

#include <moe/layer/pass.hpp>
#include <moe/layer/spec.hpp>
#include <moe/op/op.hpp>
#include <moe/recipe/of.hpp>
#include <moe/recipe/sizes.hpp>
#include <moe/tensor/arena.hpp>

namespace moe {

template <class Recipe> using precision_of = decltype(Recipe::precision);
template <class Recipe> using activation_of = typename precision_of<Recipe>::activation;
template <class Recipe> using precise_of = typename precision_of<Recipe>::precise;

template <class Recipe>
using weight_role = role<typename precision_of<Recipe>::weight, precise_of<Recipe>>;
template <class Recipe>
using gradient_role = role<typename precision_of<Recipe>::gradient, precise_of<Recipe>>;
template <class Recipe>
using moment_role = role<typename precision_of<Recipe>::moment, precise_of<Recipe>>;

template <class Layer, class Recipe>
using weights_of = typename Layer::template state<weight_role<Recipe>::template weight>;
template <class Layer, class Recipe>
using gradients_of = typename Layer::template state<gradient_role<Recipe>::template trained>;

template <class Recipe> using activations = rows<activation_of<Recipe>>;
template <class Recipe> using read_activations = rows<const activation_of<Recipe>>;
template <class Recipe> using pass_of = pass<precise_of<Recipe>>;

// For layers that need none of a kind.
struct nothing {
    void place(arena&, batch_shape) {}
};

}  // namespace moe
