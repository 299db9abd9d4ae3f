// SPDX-License-Identifier: MIT
// Multi-token prediction of depth 1 (DeepSeek-V3, equations 21 to 25): from the state of the last
// block at position i and the embedding of token i + 1, one more block predicts token i + 2 through
// the model's own head.
//   x = projection [norm(embedding of i + 1) ; norm(state of i)]     y = norm(block(x))
// The order inside the brackets is that of the released weights, not of equation 21.
#pragma once

#include <moe/model/block.hpp>

namespace moe {

template <class Recipe> struct next_token {
    using number = activation_of<Recipe>;
    static constexpr int hidden = of<Recipe>.model.hidden;
    using norm_layer = norm<Recipe, hidden>;
    // Of the kind of the last layer.
    using block = std::conditional_t<moe::sizes<Recipe>::mtp_is_dense, dense_block<Recipe>,
                                     mixture_block<Recipe>>;

    template <template <spec> class Slot> struct state {
        typename norm_layer::template state<Slot> embedding_norm, state_norm, final_norm;
        Slot<spec{.rows = hidden, .columns = 2 * hidden, .packed = true, .high = true}> projection;
        typename block::template state<Slot> layer;

        static constexpr void each(const name& prefix, auto&& visit, auto&... s) {
            using normed = typename norm_layer::template state<Slot>;
            normed::each(prefix.with("enorm."), visit, s.embedding_norm...);
            normed::each(prefix.with("hnorm."), visit, s.state_norm...);
            visit(prefix.with("eh_proj.weight"), s.projection...);
            block::template state<Slot>::each(prefix, visit, s.layer...);
            normed::each(prefix.with("shared_head.norm."), visit, s.final_norm...);
        }
    };
    static_assert(lists_every_field<state>());

    struct kept {
        typename norm_layer::kept embedding_norm, state_norm, final_norm;
        typename block::kept layer;
        activations<Recipe> embedded, joined, x, y, normed;
        const int* tokens = nullptr;  // whose embeddings were joined

        void place(arena& memory, batch_shape shape) {
            for (auto* one : {&embedding_norm, &state_norm, &final_norm}) one->place(memory, shape);
            for (auto* wide : {&embedded, &x, &y, &normed})
                *wide = memory.take_rows<number>(shape.tokens(), hidden);
            joined = memory.take_rows<number>(shape.tokens(), 2 * hidden);
            layer.place(memory, shape);
        }
    };
    struct delta {
        activations<Recipe> y, x, joined, part;
        typename block::delta layer;

        void place(arena& memory, batch_shape shape) {
            for (auto* wide : {&y, &x, &part})
                *wide = memory.take_rows<number>(shape.tokens(), hidden);
            joined = memory.take_rows<number>(shape.tokens(), 2 * hidden);
            layer.place(memory, shape);
        }
    };
    using work = typename block::work;

    // k.normed is what the head reads. following: the token behind each position.
    static void forward(auto on, const pass_of<Recipe>& pass, read_activations<Recipe> last,
                        auto table, const int* following, const auto& weights, kept& k, work& w) {
        const int tokens = last.count;
        nothing none;
        k.tokens = following;
        const auto embedded = k.embedded.part(0, tokens), joined = k.joined.part(0, tokens);
        op::embedding(on, embedded, table, following);
        norm_layer::forward(on, pass, joined.columns(0, hidden), embedded, weights.embedding_norm,
                            k.embedding_norm, none);
        norm_layer::forward(on, pass, joined.columns(hidden, hidden), last, weights.state_norm,
                            k.state_norm, none);
        op::linear(on, k.x.part(0, tokens), joined, weights.projection.one());
        block::forward(on, pass, k.y.part(0, tokens), k.x.part(0, tokens), weights.layer, k.layer,
                       w);
        norm_layer::forward(on, pass, k.normed.part(0, tokens), k.y.part(0, tokens),
                            weights.final_norm, k.final_norm, none);
    }

    // d_last is added to, and so is the embedding's gradient.
    static void backward(auto on, const pass_of<Recipe>& pass, activations<Recipe> d_last,
                         auto d_table, read_activations<Recipe> d_normed, const auto& weights,
                         kept& k, delta& d, work& w, auto& gradients) {
        const int tokens = d_normed.count;
        nothing none;
        const auto dy = d.y.part(0, tokens), dx = d.x.part(0, tokens),
                   part = d.part.part(0, tokens);
        const auto joined = d.joined.part(0, tokens);
        norm_layer::backward_input(on, pass, dy, d_normed, weights.final_norm, k.final_norm, none,
                                   none);
        norm_layer::backward_weight(on, pass, d_normed, k.final_norm, none, gradients.final_norm);
        block::backward_input(on, pass, dx, dy, weights.layer, k.layer, d.layer, w);
        block::backward_weight(on, pass, dy, k.layer, d.layer, gradients.layer);
        op::linear_backward_input(on, joined, dx, weights.projection.one());
        op::linear_backward_weight(on, gradients.projection.view(), dx, k.joined.part(0, tokens));

        const auto from_embedding = joined.columns(0, hidden),
                   from_state = joined.columns(hidden, hidden);
        norm_layer::backward_input(on, pass, part, from_state, weights.state_norm, k.state_norm,
                                   none, none);
        norm_layer::backward_weight(on, pass, from_state, k.state_norm, none, gradients.state_norm);
        op::add(on, d_last, part);
        norm_layer::backward_input(on, pass, part, from_embedding, weights.embedding_norm,
                                   k.embedding_norm, none, none);
        norm_layer::backward_weight(on, pass, from_embedding, k.embedding_norm, none,
                                    gradients.embedding_norm);
        op::embedding_backward(on, d_table, part, k.tokens);
    }
};

}  // namespace moe
