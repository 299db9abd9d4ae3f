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
#include <moe/precision/fp8.hpp>
#include <moe/precision/pi_fp8.hpp>
#include <moe/recipe/grows.hpp>
#include <moe/recipe/of.hpp>
#include <moe/recipe/sizes.hpp>
#include <moe/tensor/arena.hpp>

namespace moe {

template <class Recipe> using precision_of = decltype(Recipe::precision);
template <class Recipe> using activation_of = typename precision_of<Recipe>::activation;
template <class Recipe> using precise_of = typename precision_of<Recipe>::precise;
template <class Recipe> using master_of = typename precision_of<Recipe>::master;

namespace detail {
template <class Recipe> consteval bool narrow_gradients() {
    if constexpr (requires { of<Recipe>.precision.gradients; })
        return of<Recipe>.precision.gradients == number_format::bf16;
    else
        return false;
}
// A policy that says how many copies it keeps may leave out the second.
template <class Recipe> consteval bool keeps_across() {
    if constexpr (requires { of<Recipe>.precision.copies; })
        return of<Recipe>.precision.copies > 1;
    else
        return true;
}
template <class Policy> struct high_weight { using type = typename Policy::weight; };
template <class Policy>
requires requires { typename Policy::high_weight; }
struct high_weight<Policy> {
    using type = typename Policy::high_weight;
};
}  // namespace detail

namespace detail {
// The integers behind a weight, if the policy holds it in two parts; void: it has a wider master.
template <class Recipe> constexpr auto remainder_of_policy() {
    if constexpr (requires { of<Recipe>.precision.remainder; }) {
        if constexpr (of<Recipe>.precision.remainder == 8)
            return std::type_identity<std::int8_t>{};
        else if constexpr (of<Recipe>.precision.remainder == 16)
            return std::type_identity<std::int16_t>{};
        else
            return std::type_identity<no_remainder>{};
    } else {
        return std::type_identity<void>{};
    }
}
template <class Recipe> consteval int moment_group() {
    if constexpr (requires { of<Recipe>.precision.moment_group; })
        return of<Recipe>.precision.moment_group;
    else
        return 0;
}
}  // namespace detail

template <class Recipe>
using gradient_of =
    std::conditional_t<detail::narrow_gradients<Recipe>(), bfloat16, master_of<Recipe>>;

template <class Recipe>
using weight_role =
    role<master_of<Recipe>, precise_of<Recipe>, typename precision_of<Recipe>::weight,
         detail::keeps_across<Recipe>(), typename detail::high_weight<precision_of<Recipe>>::type,
         typename decltype(detail::remainder_of_policy<Recipe>())::type>;
template <class Recipe> using gradient_role = role<gradient_of<Recipe>, precise_of<Recipe>>;
template <class Recipe>
using moment_role =
    role<typename precision_of<Recipe>::moment, precise_of<Recipe>,
         typename precision_of<Recipe>::moment, true, typename precision_of<Recipe>::moment, void,
         detail::moment_group<Recipe>()>;

// What of a tensor a recipe trains: all, or only what it adds to the recipe that it grows.
template <class Recipe> constexpr spec trained_part(spec is) {
    if constexpr (growing<Recipe>) {
        is.trained = is.trained && is.grown > 0;
        is.frozen = is.rows * is.stack - is.grown;
    }
    return is;
}
namespace detail {
template <class Recipe, template <spec> class Role> struct slots_of {
    template <spec S> using type = Role<trained_part<Recipe>(S)>;
};
}  // namespace detail

template <class Layer, class Recipe>
using weights_of = typename Layer::template state<
    detail::slots_of<Recipe, weight_role<Recipe>::template weight>::template type>;
template <class Layer, class Recipe>
using gradients_of = typename Layer::template state<
    detail::slots_of<Recipe, gradient_role<Recipe>::template trained>::template type>;
template <class Layer, class Recipe>
using moments_of = typename Layer::template state<
    detail::slots_of<Recipe, moment_role<Recipe>::template trained>::template type>;

template <class Recipe> using activations = rows<activation_of<Recipe>>;
template <class Recipe> using read_activations = rows<const activation_of<Recipe>>;
template <class Recipe> using precise_rows = rows<precise_of<Recipe>>;
template <class Recipe> using pass_of = pass<precise_of<Recipe>>;

// Where attention sums the gradients of keys and values if activations are narrower than floats.
template <class Number>
void place_sums(op::attention_sums& sums, arena& memory, int tokens, int key_width,
                int value_width) {
    if constexpr (!std::is_same_v<Number, wide<Number>>) {
        sums.dk = memory.take_rows<float>(tokens, key_width);
        sums.dv = memory.take_rows<float>(tokens, value_width);
    }
}

// For layers that need none of a kind.
struct nothing {
    void place(arena&, batch_shape) {}
};

}  // namespace moe
