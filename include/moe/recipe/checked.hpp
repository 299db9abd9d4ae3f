// SPDX-License-Identifier: MIT
// Whether a recipe can be trained: static_assert(moe::checked<nano>()). The questions come in
// stages, each asked only when the one before was answered, so that one mistake gives one sentence:
// it names the slot or field, says what is wanted and shows a line to paste.
#pragma once

#include <moe/recipe/fields.hpp>
#include <moe/recipe/fits.hpp>
#include <moe/recipe/grows.hpp>
#include <moe/recipe/has_slots.hpp>
#include <moe/recipe/tiles_fit.hpp>
#include <moe/recipe/upcycles.hpp>

#include <concepts>

namespace moe {

namespace detail {

// Or else a checkpoint could not tell two recipes apart.
template <class Recipe> consteval bool policies_name_their_fields() {
    constexpr bool model = names_every_field(of<Recipe>.model);
    constexpr bool attention = names_every_field(of<Recipe>.attention);
    constexpr bool ffn = names_every_field(of<Recipe>.ffn);
    constexpr bool routing = names_every_field(of<Recipe>.routing);
    constexpr bool balance = names_every_field(of<Recipe>.balance);
    constexpr bool precision = names_every_field(of<Recipe>.precision);
    constexpr bool parallel = names_every_field(of<Recipe>.parallel);
    constexpr bool optimizer = names_every_field(of<Recipe>.optimizer);
    constexpr bool device = names_every_field(of<Recipe>.device);
    static_assert(
        model,
        "moe: slot 'model' holds a policy whose each() must visit every field. Write, e.g.: "
        "constexpr void each(auto visit) const { visit(\"scale\", scale); }");
    static_assert(
        attention,
        "moe: slot 'attention' holds a policy whose each() must visit every field. Write, e.g.: "
        "constexpr void each(auto visit) const { visit(\"scale\", scale); }");
    static_assert(
        ffn,
        "moe: slot 'ffn' holds a policy whose each() must visit every field. Write, e.g.: "
        "constexpr void each(auto visit) const { visit(\"scale\", scale); }");
    static_assert(
        routing,
        "moe: slot 'routing' holds a policy whose each() must visit every field. Write, e.g.: "
        "constexpr void each(auto visit) const { visit(\"scale\", scale); }");
    static_assert(
        balance,
        "moe: slot 'balance' holds a policy whose each() must visit every field. Write, e.g.: "
        "constexpr void each(auto visit) const { visit(\"scale\", scale); }");
    static_assert(
        precision,
        "moe: slot 'precision' holds a policy whose each() must visit every field. Write, e.g.: "
        "constexpr void each(auto visit) const { visit(\"scale\", scale); }");
    static_assert(
        parallel,
        "moe: slot 'parallel' holds a policy whose each() must visit every field. Write, e.g.: "
        "constexpr void each(auto visit) const { visit(\"scale\", scale); }");
    static_assert(
        optimizer,
        "moe: slot 'optimizer' holds a policy whose each() must visit every field. Write, e.g.: "
        "constexpr void each(auto visit) const { visit(\"scale\", scale); }");
    static_assert(
        device,
        "moe: slot 'device' holds a policy whose each() must visit every field. Write, e.g.: "
        "constexpr void each(auto visit) const { visit(\"scale\", scale); }");
    return model && attention && ffn && routing && balance && precision && parallel && optimizer &&
           device;
}

template <class Recipe> consteval bool balance_fits() {
    constexpr auto b = of<Recipe>.balance;
    constexpr bool rate = [] {
        if constexpr (requires {
                          { b.rate } -> std::convertible_to<double>;
                      })
            return not_negative(b.rate);
        else
            return true;
    }();
    static_assert(rate,
                  "moe: balance.rate must not be negative; 0 means no selection bias. Write, "
                  "e.g.: .rate = 1e-3");
    constexpr bool loss = not_negative(b.loss_weight());
    static_assert(loss,
                  "moe: the weight of the loss in slot 'balance' must not be negative; 0 means "
                  "none. Write, e.g.: moe::bias_balance balance {.rate = 1e-3, .sequence_loss = "
                  "1e-4};");
    constexpr bool has_affinities =
        b.loss_weight() == 0 || gives_affinities<typename slots<Recipe>::routing>;
    static_assert(has_affinities,
                  "moe: the loss of slot 'balance' needs affinities, which the policy in slot "
                  "'routing' does not give. Write, e.g.: moe::bias_balance balance {.rate = 1e-3, "
                  ".sequence_loss = 0};");
    return rate && loss && has_affinities;
}

template <class Recipe> consteval bool optimizer_fits() {
    constexpr auto o = of<Recipe>.optimizer;
    constexpr bool clip = not_negative(o.clip);
    static_assert(clip,
                  "moe: optimizer.clip must not be negative; 0 means no limit. Write, e.g.: "
                  ".clip = 1");
    if constexpr (requires { o.beta1 + o.beta2 + o.epsilon + o.decay; }) {
        constexpr bool beta1 = o.beta1 >= 0 && o.beta1 < 1;
        constexpr bool beta2 = o.beta2 >= 0 && o.beta2 < 1;
        constexpr bool epsilon = positive(o.epsilon);
        constexpr bool decay = not_negative(o.decay);
        static_assert(beta1,
                      "moe: optimizer.beta1 must be at least 0 and below 1. Write, e.g.: "
                      ".beta1 = 0.9");
        static_assert(beta2,
                      "moe: optimizer.beta2 must be at least 0 and below 1. Write, e.g.: "
                      ".beta2 = 0.95");
        static_assert(epsilon,
                      "moe: optimizer.epsilon must be positive. Write, e.g.: .epsilon = 1e-8");
        static_assert(decay,
                      "moe: optimizer.decay must not be negative; 0 means none. Write, e.g.: "
                      ".decay = 0.1");
        return clip && beta1 && beta2 && epsilon && decay;
    } else {
        return clip;
    }
}

// Policies that hold weights and moments in few bits.
template <class Recipe> consteval bool held_in_few_bits_fits() {
    constexpr auto precision = of<Recipe>.precision;
    constexpr int bits = precision.remainder;
    constexpr bool remainder = bits == 0 || bits == 8 || bits == 16;
    static_assert(remainder,
                  "moe: precision.remainder must be 8, 16 or 0, the bits of a weight behind "
                  "bfloat16. Write, e.g.: moe::pi precision {.remainder = 8};");
    constexpr int neighbours = precision.moment_group;
    constexpr bool group = neighbours == 0 || neighbours == 32 || neighbours == 128;
    static_assert(group,
                  "moe: precision.moment_group must be 32 or 128, the neighbours that share a "
                  "scale, or 0 for moments in FP32. Write, e.g.: moe::pi precision "
                  "{.moment_group = 32};");
    constexpr bool by_element = [] {
        if constexpr (requires {
                          of<Recipe>.optimizer.elementwise;
                          of<Recipe>.optimizer.moment_has_sign[0];
                      })
            return bool(of<Recipe>.optimizer.elementwise);
        else
            return false;
    }();
    static_assert(by_element,
                  "moe: the policy in slot 'precision' holds weights and moments in few bits, and "
                  "the policy in slot 'optimizer' does not say that it treats each number by "
                  "itself and which moments have a sign. Write, e.g.: static constexpr bool "
                  "elementwise = true; static constexpr bool moment_has_sign[] = {true, false};");
    return remainder && group && by_element;
}

template <class Recipe> consteval bool precision_fits() {
    if constexpr (requires { of<Recipe>.precision.copies; }) {
        constexpr int copies = of<Recipe>.precision.copies;
        constexpr bool fits = copies == 1 || copies == 2;
        static_assert(fits, "moe: precision.copies must be 1 or 2. Write, e.g.: .copies = 2");
        return fits && tiles_fit<Recipe>();
    } else if constexpr (requires { of<Recipe>.precision.moment_group; }) {
        return held_in_few_bits_fits<Recipe>() && tiles_fit<Recipe>();
    } else {
        return true;
    }
}

template <class Recipe> consteval bool device_fits() {
    using slot = slots<Recipe>;
    constexpr bool computes = [] {
        if constexpr (requires { slot::device::template computes<typename slot::precision>; })
            return bool(slot::device::template computes<typename slot::precision>);
        else
            return true;
    }();
    static_assert(computes,
                  "moe: the device in slot 'device' does not compute in the precision of slot "
                  "'precision'. Write, e.g.: moe::fp32 precision {}; or, for moe::fp64: "
                  "moe::reference device {};");
    return computes;
}

template <class Recipe> consteval bool mesh_fits() {
    constexpr int ranks = ranks_of(of<Recipe>.parallel);
    constexpr bool data = ranks >= 1 && ranks <= 65536;
    static_assert(data,
                  "moe: parallel.data must be from 1 to 65536, the ranks that share the batch. "
                  "Write, e.g.: moe::mesh parallel {.data = 8};");
    constexpr bool zero = [] {
        if constexpr (requires { of<Recipe>.parallel.zero; })
            return of<Recipe>.parallel.zero == 0 || of<Recipe>.parallel.zero == 1;
        else
            return true;
    }();
    static_assert(zero,
                  "moe: parallel.zero must be 0 (every rank has all moments) or 1 (each has its "
                  "share). Write, e.g.: moe::mesh parallel {.data = 8, .zero = 1};");
    constexpr bool shares = !zero || !shares_moments(of<Recipe>.parallel) || [] {
        if constexpr (requires { of<Recipe>.optimizer.elementwise; })
            return bool(of<Recipe>.optimizer.elementwise);
        else
            return false;
    }();
    static_assert(shares,
                  "moe: parallel.zero = 1 shares out the rows of every tensor, and the policy in "
                  "slot 'optimizer' does not say that it treats each number by itself. Write, "
                  "e.g.: static constexpr bool elementwise = true;");
    constexpr bool blocks = !zero || !shares_moments(of<Recipe>.parallel) || [] {
        if constexpr (requires { of<Recipe>.precision.remainder + of<Recipe>.precision.tile; })
            return false;
        else
            return true;
    }();
    static_assert(blocks,
                  "moe: weights in blocks of 128 rows, as the policy in slot 'precision' holds "
                  "them, are not shared out row by row, as parallel.zero = 1 wants. Write, e.g.: "
                  "moe::mesh parallel {.data = 8};");
    return data && zero && shares && blocks;
}

template <class Recipe> consteval bool numbers_fit() {
    constexpr bool model = model_fits<Recipe>();
    constexpr bool rope_scaling = rope_scaling_fits<Recipe>();
    constexpr bool attention = attention_fits<Recipe>();
    constexpr bool ffn = ffn_fits<Recipe>();
    constexpr bool routing = routing_fits<Recipe>();
    constexpr bool balance = balance_fits<Recipe>();
    constexpr bool mesh = mesh_fits<Recipe>();
    constexpr bool optimizer = optimizer_fits<Recipe>();
    constexpr bool precision = precision_fits<Recipe>();
    constexpr bool device = device_fits<Recipe>();
    return model && rope_scaling && attention && ffn && routing && balance && mesh && optimizer &&
           precision && device;
}

}  // namespace detail

template <class Recipe> consteval bool checked() {
    if constexpr (!detail::is_plain_struct<Recipe>())
        return false;
    else if constexpr (!detail::has_all_slots<Recipe>())
        return false;
    else if constexpr (!detail::has_only_slots<Recipe>())
        return false;
    else if constexpr (!detail::slots_hold_policies<Recipe>())
        return false;
    else if constexpr (!detail::is_known_at_compile_time<Recipe>())
        return false;
    else if constexpr (!detail::policies_name_their_fields<Recipe>())
        return false;
    else if constexpr (!detail::numbers_fit<Recipe>())
        return false;
    else if constexpr (growing<Recipe>)
        return checked<typename Recipe::grows>() && detail::growth_fits<Recipe>();
    else if constexpr (upcycling<Recipe>)
        return checked<typename Recipe::upcycles>() && detail::upcycling_fits<Recipe>();
    else
        return true;
}

}  // namespace moe
