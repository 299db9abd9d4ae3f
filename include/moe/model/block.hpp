// SPDX-License-Identifier: MIT
// One block of the transformer: x + attention(norm(x)), then x + ffn(norm(x)).
#pragma once

#include <moe/layer/layer.hpp>

namespace moe {

template <class Recipe, class FeedForward> struct block_of {
    static constexpr int hidden = of<Recipe>.model.hidden;

    using attention_half =
        residual<Recipe, then<Recipe, named<"input_layernorm", norm<Recipe, hidden>>,
                              named<"self_attn", attention_of<Recipe>>, hidden>>;
    using feed_forward_half =
        residual<Recipe, then<Recipe, named<"post_attention_layernorm", norm<Recipe, hidden>>,
                              named<"mlp", FeedForward>, hidden>>;
    using type = then<Recipe, attention_half, feed_forward_half, hidden>;
};

template <class Recipe>
using dense_block =
    typename block_of<Recipe, swiglu<Recipe, of<Recipe>.ffn.dense_intermediate>>::type;
template <class Recipe> using mixture_block = typename block_of<Recipe, mixture<Recipe>>::type;

}  // namespace moe
