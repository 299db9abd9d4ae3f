// SPDX-License-Identifier: MIT
// A recipe of a mixture that begins as a dense model says which one: using upcycles = dense;
// (train/upcycle.hpp).
#pragma once

#include <moe/recipe/grows.hpp>

namespace moe {

template <class Recipe>
concept upcycling = requires {
    typename Recipe::upcycles;
};

namespace detail {

template <class Recipe> consteval bool upcycling_fits() {
    using from = typename Recipe::upcycles;
    constexpr auto now = of<Recipe>.ffn, was = of<from>.ffn;
    constexpr bool same =
        same_policy(of<Recipe>.model, of<from>.model) &&
        same_policy(of<Recipe>.attention, of<from>.attention) &&
        same_policy(of<Recipe>.precision, of<from>.precision) &&
        was.dense_layers == of<from>.model.layers &&
        (now.dense_layers == 0 || now.dense_intermediate == was.dense_intermediate);
    static_assert(same,
                  "moe: a recipe that says 'upcycles' must have the model, attention and precision "
                  "of the other, which is dense in all layers; dense layers that are left keep "
                  "their width. Write, e.g.: struct mixed : dense { using upcycles = dense; "
                  "moe::experts ffn {.routed = 8, .shared = 4, .intermediate = 192}; };");
    if constexpr (same) {
        constexpr bool shared = now.shared > 0 && now.slot == 0 &&
                                now.shared * now.intermediate == was.dense_intermediate;
        constexpr bool sums_to_one = [] {
            constexpr auto r = of<Recipe>.routing;
            if constexpr (requires { r.renormalise&& r.scale > 0; })
                return r.renormalise && r.scale == 1;
            else
                return false;
        }();
        constexpr bool copies = now.shared == 0 && now.slot == 0 &&
                                now.intermediate == was.dense_intermediate && sums_to_one;
        static_assert(shared || copies,
                      "moe: to compute what the dense layer computes, either ffn.shared times "
                      "ffn.intermediate must be its width, or ffn.shared must be 0, "
                      "ffn.intermediate its width and the routing weights sum to 1 (.renormalise "
                      "= true, .scale = 1). Write, e.g.: .shared = 4, .intermediate = 192 for a "
                      "width of 768");
        return shared || copies;
    } else {
        return false;
    }
}

}  // namespace detail

}  // namespace moe
