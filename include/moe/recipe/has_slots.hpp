// SPDX-License-Identifier: MIT
// The first questions asked of a recipe: is it a plain struct, has it the nine slots and nothing
// else, does each hold a policy of the right kind, is its value known at compile time?
#pragma once

#include <moe/comm/mesh.hpp>
#include <moe/device/policy.hpp>
#include <moe/optim/policy.hpp>
#include <moe/precision/fp32.hpp>
#include <moe/recipe/attention.hpp>
#include <moe/recipe/experts.hpp>
#include <moe/recipe/fields.hpp>
#include <moe/recipe/of.hpp>
#include <moe/recipe/transformer.hpp>
#include <moe/routing/policy.hpp>

#include <type_traits>

namespace moe::detail {

template <class Recipe> consteval bool is_plain_struct() {
    constexpr bool is_struct = std::is_class_v<Recipe> && !std::is_const_v<Recipe>;
    constexpr bool plain = !is_struct || std::is_aggregate_v<Recipe>;
    static_assert(is_struct,
                  "moe: a recipe is a struct, passed by its type. Write, e.g.: "
                  "struct nano { moe::transformer model {...}; ... }; moe::trainer<nano>");
    static_assert(plain,
                  "moe: a recipe must be a plain struct: all members public, no constructor, no "
                  "virtual function. Begin with, e.g.: struct nano {");
    return is_struct && plain;
}

template <class Recipe> consteval bool has_all_slots() {
    constexpr bool names_a_type = requires { typename Recipe::model; }
    || requires { typename Recipe::attention; }
    || requires { typename Recipe::ffn; }
    || requires { typename Recipe::routing; }
    || requires { typename Recipe::balance; }
    || requires { typename Recipe::precision; }
    || requires { typename Recipe::parallel; }
    || requires { typename Recipe::optimizer; }
    || requires { typename Recipe::device; };
    static_assert(!names_a_type,
                  "moe: a slot is a member with a value, not the name of a type. Instead of "
                  "'using precision = moe::fp32;' write, e.g.: moe::fp32 precision {};");
    if constexpr (!names_a_type) {
        constexpr bool model = requires { Recipe::model; };
        constexpr bool attention = requires { Recipe::attention; };
        constexpr bool ffn = requires { Recipe::ffn; };
        constexpr bool routing = requires { Recipe::routing; };
        constexpr bool balance = requires { Recipe::balance; };
        constexpr bool precision = requires { Recipe::precision; };
        constexpr bool parallel = requires { Recipe::parallel; };
        constexpr bool optimizer = requires { Recipe::optimizer; };
        constexpr bool device = requires { Recipe::device; };
        static_assert(model,
                      "moe: the recipe has no slot 'model'. Add, e.g.: moe::transformer model "
                      "{.vocab = 256, .context = 256, .layers = 6, .hidden = 256};");
        static_assert(attention,
                      "moe: the recipe has no slot 'attention'. Add, e.g.: moe::gqa attention "
                      "{.heads = 8, .kv_heads = 2, .head_dim = 32};");
        static_assert(ffn,
                      "moe: the recipe has no slot 'ffn'. Add, e.g.: moe::experts ffn "
                      "{.routed = 16, .shared = 1, .intermediate = 256};");
        static_assert(routing,
                      "moe: the recipe has no slot 'routing'. Add, e.g.: moe::sigmoid_top_k "
                      "routing {.active = 2};");
        static_assert(balance,
                      "moe: the recipe has no slot 'balance'. Add, e.g.: moe::bias_balance "
                      "balance {};");
        static_assert(precision,
                      "moe: the recipe has no slot 'precision'. Add, e.g.: moe::fp32 precision "
                      "{};");
        static_assert(parallel,
                      "moe: the recipe has no slot 'parallel'. Add, e.g.: moe::mesh parallel {};");
        static_assert(optimizer,
                      "moe: the recipe has no slot 'optimizer'. Add, e.g.: moe::adamw optimizer "
                      "{};");
        static_assert(device,
                      "moe: the recipe has no slot 'device'. Add, e.g.: moe::cpu device {};");
        return model && attention && ffn && routing && balance && precision && parallel &&
               optimizer && device;
    } else {
        return false;
    }
}

// A data member of an ordinary kind, and the class that declares it.
template <class Member> struct member { static constexpr bool ordinary = false; };
template <class Policy, class Class> struct member<Policy Class::*> {
    static constexpr bool ordinary = std::is_object_v<Policy> && !std::is_pointer_v<Policy>;
    using owner = Class;
};
template <class... Members> struct members {
    static constexpr bool ordinary = (... && Members::ordinary);
};
template <class Recipe>
using members_of = members<member<decltype(&Recipe::model)>, member<decltype(&Recipe::attention)>,
                           member<decltype(&Recipe::ffn)>, member<decltype(&Recipe::routing)>,
                           member<decltype(&Recipe::balance)>, member<decltype(&Recipe::precision)>,
                           member<decltype(&Recipe::parallel)>,
                           member<decltype(&Recipe::optimizer)>, member<decltype(&Recipe::device)>>;

// How many initialisers a recipe takes when it has only slots: one for each slot of its own, and
// one for each base class, for a recipe may be a variant of another. A base shows in the slots that
// are inherited from it; the base of a base does not count.
template <class Recipe, class... Members> consteval int initialisers_of_slots(members<Members...>) {
    int own = 0, bases = 0, counted = 0;
    const auto count_in = [&]<class Owner>(std::type_identity<Owner>) {
        const bool is_of[] = {std::is_same_v<Owner, typename Members::owner>...};
        bool again = false;
        for (int i = 0; i < counted; ++i) again = again || is_of[i];
        ++counted;
        const bool deeper = (... || (!std::is_same_v<Recipe, typename Members::owner> &&
                                     !std::is_same_v<Owner, typename Members::owner> &&
                                     std::is_base_of_v<Owner, typename Members::owner>));
        if (std::is_same_v<Owner, Recipe>)
            ++own;
        else if (!again && !deeper)
            ++bases;
    };
    (count_in(std::type_identity<typename Members::owner>{}), ...);
    return own + bases;
}

template <class Recipe> consteval bool has_only_slots() {
    constexpr bool ordinary = [] {
        if constexpr (requires { typename members_of<Recipe>; })
            return members_of<Recipe>::ordinary;
        else
            return false;
    }();
    static_assert(ordinary,
                  "moe: a slot is an ordinary member: not static, not a pointer, not a reference. "
                  "Write, e.g.: moe::fp32 precision {};");
    if constexpr (ordinary) {
        constexpr bool only =
            initialisers<Recipe>() <= initialisers_of_slots<Recipe>(members_of<Recipe>{});
        static_assert(only,
                      "moe: the recipe has a member that is none of the nine slots model, "
                      "attention, ffn, routing, balance, precision, parallel, optimizer, device. "
                      "Correct its name or remove it; a constant may stay as, e.g.: "
                      "static constexpr int width = 256;");
        return only;
    } else {
        return false;
    }
}

template <class Recipe> consteval bool slots_hold_policies() {
    using slot = slots<Recipe>;
    constexpr bool model = model_policy<typename slot::model>;
    constexpr bool attention = attention_policy<typename slot::attention>;
    constexpr bool ffn = ffn_policy<typename slot::ffn>;
    constexpr bool routing = routing_policy<typename slot::routing>;
    constexpr bool balance = balance_policy<typename slot::balance>;
    constexpr bool precision = precision_policy<typename slot::precision>;
    constexpr bool parallel = mesh_policy<typename slot::parallel>;
    constexpr bool optimizer = optimizer_policy<typename slot::optimizer>;
    constexpr bool device = device_policy<typename slot::device>;
    static_assert(model,
                  "moe: slot 'model' must hold a model policy (moe::model_policy): "
                  "moe::transformer. Write, e.g.: moe::transformer model {.vocab = 256, .context "
                  "= 256, .layers = 6, .hidden = 256};");
    static_assert(attention,
                  "moe: slot 'attention' must hold an attention policy (moe::attention_policy): "
                  "moe::mla, moe::gqa or your own. Write, e.g.: moe::gqa attention {.heads = 8, "
                  ".kv_heads = 2, .head_dim = 32};");
    static_assert(ffn,
                  "moe: slot 'ffn' must hold the numbers of the experts (moe::ffn_policy): "
                  "moe::experts. Write, e.g.: moe::experts ffn {.routed = 16, .shared = 1, "
                  ".intermediate = 256};");
    static_assert(routing,
                  "moe: slot 'routing' must hold a routing policy (moe::routing_policy): "
                  "moe::sigmoid_top_k, moe::softmax_top_k or your own. Write, e.g.: "
                  "moe::sigmoid_top_k routing {.active = 2};");
    static_assert(balance,
                  "moe: slot 'balance' must hold a balance policy (moe::balance_policy): "
                  "moe::bias_balance, moe::loss_balance or your own. Write, e.g.: "
                  "moe::bias_balance balance {};");
    static_assert(precision,
                  "moe: slot 'precision' must hold a precision policy (moe::precision_policy): "
                  "moe::fp32 or your own. Write, e.g.: moe::fp32 precision {};");
    static_assert(parallel,
                  "moe: slot 'parallel' must hold a mesh of ranks (moe::mesh_policy): moe::mesh. "
                  "Write, e.g.: moe::mesh parallel {};");
    static_assert(optimizer,
                  "moe: slot 'optimizer' must hold an optimizer policy (moe::optimizer_policy): "
                  "moe::adamw or your own. Write, e.g.: moe::adamw optimizer {};");
    static_assert(device,
                  "moe: slot 'device' must hold a device (moe::device_policy): moe::cpu or "
                  "moe::reference. Write, e.g.: moe::cpu device {};");
    return model && attention && ffn && routing && balance && precision && parallel && optimizer &&
           device;
}

template <class Recipe> consteval bool is_known_at_compile_time() {
    constexpr bool known = std::is_trivially_destructible_v<Recipe> && requires {
        typename std::bool_constant<(static_cast<void>(Recipe{}), true)>;
    };
    static_assert(known,
                  "moe: the recipe's numbers must be known when the program is compiled. Use "
                  "literals or constants, e.g.: constexpr int width = 256;");
    return known;
}

}  // namespace moe::detail
