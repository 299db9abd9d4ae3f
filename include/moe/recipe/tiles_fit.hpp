// SPDX-License-Identifier: MIT
// The questions asked of a recipe whose weights are e4m3: whether the inputs of all its products
// fall into whole tiles, and which layers stay high. What only products put out may end in a
// shorter tile, as the 576 outputs of DeepSeek-V3's latents do.
#pragma once

#include <moe/precision/fp8.hpp>
#include <moe/recipe/attention.hpp>
#include <moe/recipe/of.hpp>

#include <concepts>

namespace moe::detail {

template <class Recipe> consteval bool attention_falls_into_tiles() {
    constexpr auto a = of<Recipe>.attention;
    using policy = typename slots<Recipe>::attention;
    if constexpr (std::derived_from<policy, mla>) {
        constexpr bool latent = a.kv_rank % 128 == 0, low = a.q_rank % 128 == 0;
        constexpr bool value = a.heads * a.value_dim % 128 == 0;
        static_assert(latent,
                      "moe: attention.kv_rank must be a multiple of 128 under the policy in slot "
                      "'precision', whose weights share scales in blocks of 128 x 128. Write, "
                      "e.g.: .kv_rank = 128");
        static_assert(low,
                      "moe: attention.q_rank must be a multiple of 128 under the policy in slot "
                      "'precision', whose weights share scales in blocks of 128 x 128. Write, "
                      "e.g.: .q_rank = 256");
        static_assert(value,
                      "moe: attention.heads x value_dim must be a multiple of 128 under the policy "
                      "in slot 'precision', whose weights share scales in blocks of 128 x 128. "
                      "Write, e.g.: .heads = 4, .value_dim = 32");
        return latent && low && value;
    } else if constexpr (std::derived_from<policy, gqa>) {
        constexpr bool value = a.heads * a.head_dim % 128 == 0;
        static_assert(value,
                      "moe: attention.heads x head_dim must be a multiple of 128 under the policy "
                      "in slot 'precision', whose weights share scales in blocks of 128 x 128. "
                      "Write, e.g.: .heads = 8, .head_dim = 32");
        return value;
    } else {
        return true;
    }
}

template <class Recipe> consteval bool layers_fall_into_tiles() {
    constexpr auto f = of<Recipe>.ffn;
    constexpr bool hidden = of<Recipe>.model.hidden % 128 == 0;
    constexpr bool inner = f.intermediate % 128 == 0;
    constexpr bool dense = f.dense_intermediate % 128 == 0;
    static_assert(hidden,
                  "moe: model.hidden must be a multiple of 128 under the policy in slot "
                  "'precision', whose weights share scales in blocks of 128 x 128. Write, e.g.: "
                  ".hidden = 256");
    static_assert(inner,
                  "moe: ffn.intermediate must be a multiple of 128 under the policy in slot "
                  "'precision', whose weights share scales in blocks of 128 x 128. Write, e.g.: "
                  ".intermediate = 256");
    static_assert(dense,
                  "moe: ffn.dense_intermediate must be a multiple of 128 under the policy in slot "
                  "'precision', whose weights share scales in blocks of 128 x 128. Write, e.g.: "
                  ".dense_intermediate = 768");
    return hidden && inner && dense;
}

// True for a policy without tiles.
template <class Recipe> consteval bool tiles_fit() {
    if constexpr (requires { of<Recipe>.precision.tile + of<Recipe>.precision.high_last_layers; }) {
        constexpr auto p = of<Recipe>.precision;
        constexpr bool tile = p.tile == 128 || p.tile == 32;
        constexpr bool output =
            p.attention_output == number_format::e5m6 || p.attention_output == number_format::bf16;
        constexpr bool layers = p.high_first_layers >= 0 && p.high_last_layers >= 0 &&
                                p.high_first_layers <= of<Recipe>.model.layers - p.high_last_layers;
        static_assert(tile,
                      "moe: precision.tile must be 128 or 32, the neighbours of an activation that "
                      "share a scale. Write, e.g.: .tile = 128");
        static_assert(output,
                      "moe: precision.attention_output must be e5m6 or bf16. Write, e.g.: "
                      ".attention_output = moe::number_format::e5m6");
        static_assert(layers,
                      "moe: precision.high_first_layers and high_last_layers must not be negative, "
                      "and together not more than model.layers. Write, e.g.: .high_first_layers = "
                      "1, .high_last_layers = 1");
        constexpr bool attention = attention_falls_into_tiles<Recipe>();
        constexpr bool inputs = layers_fall_into_tiles<Recipe>();
        return tile && output && layers && attention && inputs;
    } else {
        return true;
    }
}

}  // namespace moe::detail
