// SPDX-License-Identifier: MIT
// The questions asked of a recipe's numbers, slot by slot. Each mistake has one sentence: a check
// that follows from an earlier one is only made when that one passed.
#pragma once

#include <moe/recipe/has_slots.hpp>
#include <moe/routing/domain_top_k.hpp>
#include <moe/routing/expert_choice.hpp>
#include <moe/routing/hash_routing.hpp>
#include <moe/routing/top_k.hpp>

#include <concepts>
#include <cstdint>

namespace moe::detail {

// False for NaN and infinity too.
constexpr bool positive(double x) { return x > 0 && x < 1e300; }
constexpr bool not_negative(double x) { return x == 0 || positive(x); }
// Rows and columns are counted in int.
constexpr bool countable(std::int64_t x, std::int64_t y) { return x * y < std::int64_t{1} << 31; }

template <class Recipe> consteval bool model_fits() {
    constexpr auto m = of<Recipe>.model;
    constexpr bool vocab = m.vocab >= 2;
    constexpr bool context = m.context >= 1;
    constexpr bool layers = m.layers >= 1;
    constexpr bool hidden = m.hidden >= 1;
    constexpr bool base = m.rope_base > 1 && positive(m.rope_base);
    constexpr bool epsilon = positive(m.norm_epsilon);
    constexpr bool deviation = positive(m.initial_deviation);
    constexpr bool depth = m.mtp_depth == 0 || m.mtp_depth == 1;
    constexpr bool ahead = !context || !depth || m.context > m.mtp_depth;
    constexpr bool weight = not_negative(m.mtp_weight);
    static_assert(vocab, "moe: model.vocab must be at least 2. Write, e.g.: .vocab = 256");
    static_assert(context, "moe: model.context must be at least 1. Write, e.g.: .context = 256");
    static_assert(layers, "moe: model.layers must be at least 1. Write, e.g.: .layers = 6");
    static_assert(hidden, "moe: model.hidden must be at least 1. Write, e.g.: .hidden = 256");
    static_assert(base,
                  "moe: model.rope_base must be greater than 1. Write, e.g.: .rope_base = 10000");
    static_assert(epsilon,
                  "moe: model.norm_epsilon must be positive. Write, e.g.: .norm_epsilon = 1e-6");
    static_assert(deviation,
                  "moe: model.initial_deviation must be positive: zero weights learn nothing. "
                  "Write, e.g.: .initial_deviation = 0.02");
    static_assert(depth,
                  "moe: model.mtp_depth must be 0 or 1, the number of further tokens predicted. "
                  "Write, e.g.: .mtp_depth = 1");
    static_assert(ahead,
                  "moe: model.context must be greater than model.mtp_depth, or no position could "
                  "look that far ahead. Write, e.g.: .context = 256");
    static_assert(weight,
                  "moe: model.mtp_weight must not be negative. Write, e.g.: .mtp_weight = 0.3");
    return vocab && context && layers && hidden && base && epsilon && deviation && depth && ahead &&
           weight;
}

template <class Recipe> consteval bool rope_scaling_fits() {
    constexpr yarn s = of<Recipe>.model.rope_scaling, none;
    constexpr bool factor = s.factor >= 1 && positive(s.factor);
    constexpr bool length = s.original_length >= 1;
    constexpr bool betas = positive(s.beta_slow) && s.beta_fast > s.beta_slow;
    constexpr bool scales = not_negative(s.mscale) && not_negative(s.mscale_all_dim);
    constexpr bool used = !factor || s.factor > 1 ||
                          (s.beta_fast == none.beta_fast && s.beta_slow == none.beta_slow &&
                           s.original_length == none.original_length && s.mscale == none.mscale &&
                           s.mscale_all_dim == none.mscale_all_dim);
    static_assert(factor,
                  "moe: model.rope_scaling.factor must be at least 1, which is no scaling. Write, "
                  "e.g.: .rope_scaling = {.factor = 40, .original_length = 4096}");
    static_assert(length,
                  "moe: model.rope_scaling.original_length must be at least 1, the context before "
                  "scaling. Write, e.g.: .rope_scaling = {.factor = 40, .original_length = 4096}");
    static_assert(betas,
                  "moe: model.rope_scaling.beta_fast must be greater than beta_slow, and both "
                  "positive. Write, e.g.: .beta_fast = 32, .beta_slow = 1");
    static_assert(scales,
                  "moe: model.rope_scaling.mscale and mscale_all_dim must not be negative. Write, "
                  "e.g.: .mscale = 1, .mscale_all_dim = 1");
    static_assert(used,
                  "moe: model.rope_scaling has numbers but no factor, so they change nothing. "
                  "Write, e.g.: .rope_scaling = {.factor = 40, .original_length = 4096}");
    if constexpr (factor && length && betas && scales && used) {
        constexpr bool reaches =
            s.factor == 1 || of<Recipe>.model.context <= s.factor * s.original_length;
        static_assert(reaches,
                      "moe: model.context must not exceed rope_scaling.factor times "
                      "original_length. Write, e.g.: .rope_scaling = {.factor = 40, "
                      ".original_length = 4096}");
        return reaches;
    } else {
        return false;
    }
}

template <class Recipe> consteval bool latent_attention_fits() {
    constexpr auto a = of<Recipe>.attention;
    constexpr bool q_rank = a.q_rank >= 0;
    constexpr bool kv_rank = a.kv_rank >= 1;
    constexpr bool nope = a.nope_dim >= 1;
    constexpr bool rope = a.rope_dim >= 2 && a.rope_dim % 2 == 0;
    constexpr bool value = a.value_dim >= 1;
    static_assert(q_rank,
                  "moe: attention.q_rank must not be negative; 0 means that queries are not "
                  "compressed. Write, e.g.: .q_rank = 0");
    static_assert(kv_rank, "moe: attention.kv_rank must be at least 1. Write, e.g.: .kv_rank = 64");
    static_assert(nope, "moe: attention.nope_dim must be at least 1. Write, e.g.: .nope_dim = 32");
    static_assert(rope,
                  "moe: attention.rope_dim must be even and at least 2, for positions turn pairs "
                  "of numbers. Write, e.g.: .rope_dim = 16");
    static_assert(value,
                  "moe: attention.value_dim must be at least 1. Write, e.g.: .value_dim = 32");
    return q_rank && kv_rank && nope && rope && value;
}

template <class Recipe> consteval bool grouped_attention_fits() {
    constexpr auto a = of<Recipe>.attention;
    constexpr bool kv_heads = a.kv_heads >= 1;
    constexpr bool divides = !kv_heads || a.heads < 1 || a.heads % a.kv_heads == 0;
    constexpr bool dim = a.head_dim >= 2 && a.head_dim % 2 == 0;
    static_assert(kv_heads,
                  "moe: attention.kv_heads must be at least 1. Write, e.g.: .kv_heads = 2");
    static_assert(divides,
                  "moe: attention.heads must be a multiple of attention.kv_heads. Write, e.g.: "
                  ".heads = 8, .kv_heads = 2");
    static_assert(dim,
                  "moe: attention.head_dim must be even and at least 2, for positions turn pairs "
                  "of numbers. Write, e.g.: .head_dim = 32");
    return kv_heads && divides && dim;
}

template <class Recipe> consteval bool attention_fits() {
    using policy = typename slots<Recipe>::attention;
    constexpr auto a = of<Recipe>.attention;
    constexpr bool heads = a.heads >= 1;
    static_assert(heads, "moe: attention.heads must be at least 1. Write, e.g.: .heads = 8");
    constexpr bool own = [] {
        if constexpr (std::derived_from<policy, mla>)
            return latent_attention_fits<Recipe>();
        else if constexpr (std::derived_from<policy, gqa>)
            return grouped_attention_fits<Recipe>();
        else
            return true;
    }();
    if constexpr (heads && own) {
        constexpr bool sizes = a.key_size() >= 1 && a.value_size() >= 1;
        static_assert(sizes,
                      "moe: the policy in slot 'attention' must have a key_size() and a "
                      "value_size() of at least 1. Write, e.g.: "
                      "constexpr int key_size() const { return head_dim; }");
        constexpr bool counts = countable(a.heads, std::int64_t{a.key_size()} + a.value_size());
        static_assert(counts,
                      "moe: attention.heads times the numbers of a head must stay below 2^31. "
                      "Write, e.g.: .heads = 128");
        return sizes && counts;
    } else {
        return false;
    }
}

template <class Recipe> consteval bool ffn_fits() {
    constexpr auto f = of<Recipe>.ffn;
    constexpr auto m = of<Recipe>.model;
    constexpr bool routed = f.routed >= 1;
    constexpr bool shared = f.shared >= 0;
    constexpr bool width = f.intermediate >= 1;
    constexpr bool dense = f.dense_layers >= 0;
    constexpr bool within = !dense || m.layers < 1 || f.dense_layers <= m.layers;
    constexpr bool dense_width = f.dense_layers < 1 || f.dense_intermediate >= 1;
    constexpr bool no_dense_width = f.dense_layers != 0 || f.dense_intermediate == 0;
    constexpr bool slot = f.slot >= 0;
    static_assert(routed, "moe: ffn.routed must be at least 1. Write, e.g.: .routed = 16");
    static_assert(slot,
                  "moe: ffn.slot must not be negative; 0 means that no expert stands beside the "
                  "top-k. Write, e.g.: .slot = 1");
    static_assert(shared,
                  "moe: ffn.shared must not be negative; 0 means no shared expert. Write, e.g.: "
                  ".shared = 1");
    static_assert(width,
                  "moe: ffn.intermediate must be at least 1, the width of one expert. Write, "
                  "e.g.: .intermediate = 256");
    static_assert(dense,
                  "moe: ffn.dense_layers must not be negative; 0 means that every layer has "
                  "experts. Write, e.g.: .dense_layers = 1");
    static_assert(within,
                  "moe: ffn.dense_layers must not exceed model.layers. Write, e.g.: "
                  ".dense_layers = 1");
    static_assert(dense_width,
                  "moe: ffn.dense_intermediate must be at least 1 when there are dense layers. "
                  "Write, e.g.: .dense_layers = 1, .dense_intermediate = 768");
    static_assert(no_dense_width,
                  "moe: ffn.dense_intermediate must be 0 when ffn.dense_layers is 0. Write, "
                  "e.g.: .dense_layers = 1, .dense_intermediate = 768");
    if constexpr (routed && slot && shared && width && dense && within && dense_width &&
                  no_dense_width) {
        constexpr bool counts = countable(f.routed, 2 * std::int64_t{f.intermediate}) &&
                                countable(f.slot, 2 * std::int64_t{f.intermediate}) &&
                                countable(f.shared, 2 * std::int64_t{f.intermediate}) &&
                                countable(f.routed, m.hidden);
        static_assert(counts,
                      "moe: ffn.routed (and shared) times twice ffn.intermediate, and ffn.routed "
                      "times model.hidden, must stay below 2^31. Write, e.g.: .routed = 256, "
                      ".intermediate = 2048");
        return counts;
    } else {
        return false;
    }
}

template <class Recipe> consteval bool groups_fit() {
    using policy = typename slots<Recipe>::routing;
    constexpr auto r = of<Recipe>.routing;
    constexpr int routed = of<Recipe>.ffn.routed;
    constexpr bool groups = r.groups >= 1;
    constexpr bool divides = !groups || routed % r.groups == 0;
    constexpr bool kept = !groups || (r.kept_groups >= 1 && r.kept_groups <= r.groups);
    static_assert(groups, "moe: routing.groups must be at least 1. Write, e.g.: .groups = 1");
    static_assert(divides,
                  "moe: ffn.routed must be a multiple of routing.groups. Write, e.g.: "
                  ".routed = 16 and .groups = 4");
    static_assert(kept,
                  "moe: routing.kept_groups must be from 1 to routing.groups. Write, e.g.: "
                  ".groups = 4, .kept_groups = 2");
    if constexpr (groups && divides && kept) {
        constexpr int size = routed / r.groups;
        constexpr bool enough = r.active < 1 || r.kept_groups * size >= r.active;
        constexpr bool pairs = !(std::derived_from<policy, sigmoid_top_k> ||
                                 std::derived_from<policy, domain_top_k>) ||
                               r.groups == 1 || size >= 2;
        static_assert(enough,
                      "moe: the kept groups hold fewer experts than routing.active: kept_groups x "
                      "(ffn.routed / groups) must be at least active. Write, e.g.: .active = 2, "
                      ".groups = 4, .kept_groups = 2");
        static_assert(pairs,
                      "moe: routing.groups leaves one expert a group, but the policy judges a "
                      "group by its best two. Write, e.g.: .groups = 1, .kept_groups = 1");
        return enough && pairs;
    } else {
        return false;
    }
}

// What the library's other routers ask of their own numbers.
template <class Recipe> consteval bool router_fits() {
    using policy = typename slots<Recipe>::routing;
    constexpr auto r = of<Recipe>.routing;
    if constexpr (std::derived_from<policy, domain_top_k>) {
        constexpr bool several = r.groups >= 2;
        constexpr bool pulls = positive(r.strength);
        static_assert(several,
                      "moe: routing.groups must be at least 2: a group is what a domain gets. "
                      "Write, e.g.: moe::domain_top_k routing {.active = 2, .groups = 4, "
                      ".kept_groups = 4};");
        static_assert(pulls,
                      "moe: routing.strength must be positive; without it domains do not matter. "
                      "Write, e.g.: .strength = 0.1, or moe::sigmoid_top_k routing {.active = 2};");
        return several && pulls;
    } else if constexpr (std::derived_from<policy, expert_choice>) {
        constexpr bool capacity = r.capacity >= 1 && r.capacity <= r.active;
        static_assert(r.leaks_future,
                      "moe: slot 'routing' lets experts choose tokens by what stands behind them, "
                      "so a causal model sees the future. Choose, e.g.: moe::sigmoid_top_k routing "
                      "{.active = 2}; or say that it may: .leaks_future = true");
        static_assert(!r.leaks_future || capacity,
                      "moe: routing.capacity, the mean number of experts of a token, must be from "
                      "1 to routing.active, the most. Write, e.g.: .active = 4, .capacity = 2");
        return r.leaks_future && capacity;
    } else {
        return true;
    }
}

template <class Recipe> consteval bool routing_fits() {
    constexpr auto r = of<Recipe>.routing;
    constexpr int routed = of<Recipe>.ffn.routed;
    constexpr bool some = r.active >= 1;
    constexpr bool within = !some || routed < 1 || r.active <= routed;
    static_assert(some, "moe: routing.active must be at least 1. Write, e.g.: .active = 2");
    static_assert(within,
                  "moe: routing.active must not exceed ffn.routed. Write, e.g.: .active = 2");
    constexpr bool scale = [] {
        if constexpr (requires {
                          { r.scale } -> std::convertible_to<double>;
                      })
            return positive(r.scale);
        else
            return true;
    }();
    static_assert(scale, "moe: routing.scale must be positive. Write, e.g.: .scale = 1");
    if constexpr (!some || !within || !scale || routed < 1)
        return false;
    else if constexpr (!router_fits<Recipe>())
        return false;
    else if constexpr (requires { r.groups + r.kept_groups; })
        return groups_fit<Recipe>();
    else
        return true;
}

}  // namespace moe::detail
