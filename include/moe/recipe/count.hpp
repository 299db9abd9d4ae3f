// SPDX-License-Identifier: MIT
// How many parameters and floating-point operations a recipe has. Trained tensors only: selection
// biases are not trained. A SwiGLU of width f has 3 x hidden x f. Conventions of DeepSeek-V3: the
// active parameters of a token leave out multi-token prediction, which only training pays; they
// hold one expert of the slot, if there is one, although many a token uses none.
#pragma once

#include <moe/recipe/sizes.hpp>

#include <cstdint>

namespace moe {

template <class Recipe> class count {
    using is = sizes<Recipe>;
    static constexpr std::int64_t hidden = is::hidden;

    static constexpr std::int64_t swiglu(std::int64_t width) { return 3 * hidden * width; }
    static constexpr std::int64_t matrices = is::tied_embeddings ? 1 : 2;  // over the vocabulary
    static constexpr std::int64_t attention_and_norms =
        of<Recipe>.attention.parameters(is::hidden) + 2 * hidden;
    static constexpr std::int64_t dense_block =
        attention_and_norms + swiglu(is::dense_intermediate);
    // A block with 'experts' of its routed experts, the router and the shared ones.
    static constexpr std::int64_t moe_block(std::int64_t experts) {
        return attention_and_norms + hidden * (is::experts + is::slot) +
               swiglu(is::shared_intermediate) + experts * swiglu(is::intermediate);
    }
    static constexpr std::int64_t network(std::int64_t experts) {
        return matrices * vocabulary_matrix + is::dense_layers * dense_block +
               is::moe_layers * moe_block(experts) + hidden;
    }

public:
    // The embedding, and again the head unless they are tied.
    static constexpr std::int64_t vocabulary_matrix = hidden * is::vocab;
    static constexpr std::int64_t routed_experts =
        std::int64_t{is::moe_layers} * is::experts * swiglu(is::intermediate);

    // Of the module for multi-token prediction: a projection of two vectors to one, their norms, a
    // block, a norm before the shared head.
    static constexpr std::int64_t mtp_parameters =
        is::mtp_depth * (2 * hidden * hidden + 3 * hidden +
                         (is::mtp_is_dense ? dense_block : moe_block(is::experts + is::slot)));

    static constexpr std::int64_t parameters = network(is::experts + is::slot) + mtp_parameters;

    static constexpr std::int64_t parameters_active = network(is::active + (is::slot > 0 ? 1 : 0));
    // A lookup is no product: what costs arithmetic. A tied matrix still serves as the head.
    static constexpr std::int64_t parameters_active_without_input_embedding =
        parameters_active - (matrices - 1) * vocabulary_matrix;
    static constexpr std::int64_t parameters_active_without_embeddings =
        parameters_active - matrices * vocabulary_matrix;

    // Forward and backward: 6 a parameter, and causal attention over a full context. Without
    // multi-token prediction and recomputation.
    static constexpr std::int64_t train_flop_per_token =
        6 * parameters_active_without_input_embedding +
        std::int64_t{3} * is::layers * is::context * is::heads * (is::key_size + is::value_size);

    // bytes: of one cached number.
    static constexpr std::int64_t kv_bytes_per_token(int bytes) {
        return std::int64_t{is::layers} * is::cache_size * bytes;
    }
};

}  // namespace moe
