// SPDX-License-Identifier: MIT
// A recipe that grows another one has more experts, and all else of what it computes is the same:
//   struct physics : nano {
//       using grows = nano;
//       moe::experts ffn {..., .slot = 1};     // nano's, and one more beside the top-k
//   };
// New experts stand in the slot (ffn.slot) or join the top-k (ffn.routed); a stack of them begins
// with the old ones. Only the new ones are trained (layer/types.hpp, trained_part).
#pragma once

#include <moe/recipe/fields.hpp>
#include <moe/recipe/of.hpp>
#include <moe/routing/top_k.hpp>

#include <array>
#include <type_traits>

namespace moe {

template <class Recipe>
concept growing = requires {
    typename Recipe::grows;
};

// How many experts are new, a layer: in the slot, and in the top-k.
template <class Recipe> struct growth {
    static constexpr int slot = [] {
        if constexpr (growing<Recipe>)
            return of<Recipe>.ffn.slot - of<typename Recipe::grows>.ffn.slot;
        else
            return 0;
    }();
    static constexpr int routed = [] {
        if constexpr (growing<Recipe>)
            return of<Recipe>.ffn.routed - of<typename Recipe::grows>.ffn.routed;
        else
            return 0;
    }();
    static constexpr int experts = slot + routed;
};

namespace detail {

// The numbers of a policy, one behind the other; those of a struct inside it in its place.
struct field_list {
    std::array<double, 64> numbers{};
    int count = 0;

    constexpr void add(const auto& policy) {
        each_field(policy, [this](const char*, const auto& value) {
            using T = std::remove_cvref_t<decltype(value)>;
            if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>)
                numbers[std::size_t(count++)] = double(value);
            else if constexpr (std::is_class_v<T>)
                add(value);
        });
    }
    constexpr bool operator==(const field_list&) const = default;
};
template <class A, class B> constexpr bool same_policy(const A& a, const B& b) {
    field_list of_a, of_b;
    of_a.add(a), of_b.add(b);
    return std::is_same_v<A, B> && of_a == of_b;
}

// The routing of a recipe as it was before it grew: new experts may be groups of their own.
template <class Recipe> constexpr auto ungrown_routing() {
    auto r = of<Recipe>.routing;
    if constexpr (requires { r.groups; }) {
        constexpr int old_groups = of<typename Recipe::grows>.routing.groups;
        constexpr int old_routed = of<typename Recipe::grows>.ffn.routed;
        if (old_groups > 1 && r.groups > old_groups &&
            of<Recipe>.ffn.routed / r.groups == old_routed / old_groups)
            r.groups = old_groups;
    }
    return r;
}

// What a policy keeps for the way back is no part of what it computes.
constexpr auto without_recomputing(auto precision) {
    if constexpr (requires { precision.recompute_norms; }) precision.recompute_norms = false;
    return precision;
}

template <class Recipe> consteval bool growth_fits() {
    using from = typename Recipe::grows;
    constexpr auto now = of<Recipe>.ffn, was = of<from>.ffn;
    constexpr auto shrunk = [] {
        auto f = of<Recipe>.ffn;
        f.routed = of<from>.ffn.routed, f.slot = of<from>.ffn.slot;
        return f;
    }();
    constexpr bool same = same_policy(of<Recipe>.model, of<from>.model) &&
                          same_policy(of<Recipe>.attention, of<from>.attention) &&
                          same_policy(shrunk, was) &&
                          same_policy(ungrown_routing<Recipe>(), of<from>.routing) &&
                          same_policy(without_recomputing(of<Recipe>.precision),
                                      without_recomputing(of<from>.precision)) &&
                          of<Recipe>.balance.uses_bias() == of<from>.balance.uses_bias();
    static_assert(same,
                  "moe: a recipe that says 'grows' must have the model, attention, routing and "
                  "precision of the other, a selection bias if that has one, and in ffn nothing "
                  "new but ffn.slot or ffn.routed. Write, e.g.: struct physics : nano { using "
                  "grows = nano; moe::experts ffn {.routed = 16, .shared = 1, .intermediate = "
                  "256, .slot = 1}; };");
    if constexpr (same) {
        constexpr bool one = (now.slot > was.slot && now.routed == was.routed) ||
                             (now.slot == was.slot && now.routed > was.routed);
        static_assert(one,
                      "moe: a recipe that says 'grows' must have more experts than the other, in "
                      "the slot (ffn.slot) or in the top-k (ffn.routed), not in both. Write, "
                      "e.g.: .slot = 1");
        constexpr bool bias =
            now.routed == was.routed ||
            (of<Recipe>.balance.uses_bias() &&
             std::is_base_of_v<sigmoid_top_k, std::remove_const_t<decltype(Recipe::routing)>>);
        static_assert(bias,
                      "moe: new experts can join the top-k only of moe::sigmoid_top_k with a "
                      "selection bias. Write, e.g.: moe::bias_balance balance {.rate = 1e-3}; or "
                      "instead: .slot = 1");
        // In groups that grew, the old experts would get other numbers.
        constexpr bool groups = [] {
            if constexpr (requires { Recipe::routing.groups; })
                return of<Recipe>.routing.groups == 1 || now.routed == was.routed ||
                       of<Recipe>.routing.groups > of<from>.routing.groups;
            else
                return true;
        }();
        static_assert(groups,
                      "moe: a recipe that says 'grows' must keep the groups of the other: new "
                      "experts in the top-k are groups of their own, of the same size. Write, "
                      "e.g.: .routed = 20 and .groups = 5 where there were 16 in 4");
        constexpr bool sees = [] {
            if constexpr (requires { Recipe::precision.recompute_norms; })
                return !of<Recipe>.precision.recompute_norms;
            else
                return true;
        }();
        static_assert(sees,
                      "moe: growing looks at what the layers read, which "
                      "precision.recompute_norms does not keep. Write, e.g.: moe::fp8 precision "
                      "{.recompute_norms = false};");
        return one && bias && groups && sees;
    } else {
        return false;
    }
}

}  // namespace detail

}  // namespace moe
