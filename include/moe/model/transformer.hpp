// SPDX-License-Identifier: MIT
// The network: embedding, blocks (the first ones dense, the others mixtures), norm, head and loss;
// with mtp_depth 1 also the module that predicts one token further. Parameters carry the names that
// published DeepSeek checkpoints use.
//
// As every part below it, this is a type with functions only: the memory is owned by model/network.
#pragma once

#include <moe/model/block.hpp>
#include <moe/model/next_token.hpp>

#include <array>

namespace moe {

// Tokens of a grain, as the network reads them. Whatever has no following token is -1.
struct token_views {
    const int* inputs = nullptr;     // (tokens)
    const int* following = nullptr;  // (tokens) the token to predict
    const int* second = nullptr;     // (tokens) the one behind it
};

template <class Recipe> struct transformer_of {
    using number = activation_of<Recipe>;
    using precise = precise_of<Recipe>;
    static constexpr auto sizes = of<Recipe>.model;
    static constexpr int hidden = sizes.hidden, vocab = sizes.vocab;
    static constexpr int dense_layers = of<Recipe>.ffn.dense_layers;
    static constexpr int mixture_layers = sizes.layers - dense_layers;
    static constexpr bool tied = sizes.tied_embeddings;
    static constexpr bool looks_further = sizes.mtp_depth > 0;
    // Rows of logits in flight in head and loss: half a megabyte, that the second cache holds
    // beside the weight, but so many that the weight and its gradient are seldom read anew.
    static constexpr int chunk = larger((1 << 17) / vocab / 128 * 128, 256);

    using dense_part = layers_of<Recipe, dense_block, 0, dense_layers, hidden>;
    using mixture_part = layers_of<Recipe, mixture_block, dense_layers, mixture_layers, hidden>;
    using norm_part = norm<Recipe, hidden>;
    using further_part = next_token<Recipe>;

    template <template <spec> class Slot> struct state {
        Slot<spec{
            .rows = vocab, .columns = hidden, .packed = tied, .high = true, .piecewise = true}>
            embedding;
        typename dense_part::template state<Slot> dense;
        typename mixture_part::template state<Slot> mixture;
        typename norm_part::template state<Slot> norm;
        Slot<spec{.rows = tied ? 0 : vocab,
                  .columns = hidden,
                  .packed = true,
                  .high = true,
                  .piecewise = true}>
            head;
        std::array<typename further_part::template state<Slot>, std::size_t(sizes.mtp_depth)>
            further;

        static constexpr void each(const name& prefix, auto&& visit, auto&... s) {
            const name layers = prefix.with("model.layers.");
            visit(prefix.with("model.embed_tokens.weight"), s.embedding...);
            dense_part::template state<Slot>::each_from(0, layers, visit, s.dense...);
            mixture_part::template state<Slot>::each_from(dense_layers, layers, visit,
                                                          s.mixture...);
            norm_part::template state<Slot>::each(prefix.with("model.norm."), visit, s.norm...);
            visit(prefix.with("lm_head.weight"), s.head...);
            if constexpr (looks_further)
                further_part::template state<Slot>::each(layers.with(sizes.layers).with("."), visit,
                                                         s.further[0]...);
        }
    };
    struct kept {
        activations<Recipe> embedded, normed;
        typename dense_part::kept dense;
        typename mixture_part::kept mixture;
        typename norm_part::kept norm;
        std::array<typename further_part::kept, std::size_t(sizes.mtp_depth)> further;
        precise *losses = nullptr, *further_losses = nullptr;  // (tokens)

        void place(arena& memory, batch_shape shape) {
            embedded = memory.take_rows<number>(shape.tokens(), hidden);
            normed = memory.take_rows<number>(shape.tokens(), hidden);
            dense.place(memory, shape);
            mixture.place(memory, shape);
            norm.place(memory, shape);
            for (auto& module : further) module.place(memory, shape);
            losses = memory.take<precise>(shape.tokens());
            further_losses = memory.take<precise>(looks_further ? shape.tokens() : 0);
        }
    };
    struct delta {
        activations<Recipe> normed, last;
        typename dense_part::delta dense;
        typename mixture_part::delta mixture;
        std::array<typename further_part::delta, std::size_t(sizes.mtp_depth)> further;

        void place(arena& memory, batch_shape shape) {
            normed = memory.take_rows<number>(shape.tokens(), hidden);
            last = memory.take_rows<number>(shape.tokens(), hidden);
            if constexpr (dense_layers > 0) dense.place(memory, shape);
            if constexpr (mixture_layers > 0) mixture.place(memory, shape);
            for (auto& module : further) module.place(memory, shape);
        }
    };
    struct work {
        typename dense_part::work dense;
        typename mixture_part::work mixture;
        std::array<typename further_part::work, std::size_t(sizes.mtp_depth)> further;
        precise_rows<Recipe> logits;
        activations<Recipe> d_logits;  // the same memory if of the same type

        void place(arena& memory, batch_shape shape) {
            const int rows = shape.tokens() < chunk ? shape.tokens() : chunk;
            memory.overlap([&] { dense.place(memory, shape); },
                           [&] { mixture.place(memory, shape); },
                           [&] {
                               for (auto& module : further) module.place(memory, shape);
                           },
                           [&] {
                               logits = memory.take_rows<precise>(rows, vocab);
                               if constexpr (std::is_same_v<number, precise>)
                                   d_logits = logits;
                               else
                                   d_logits = memory.take_rows<number>(rows, vocab);
                           });
        }
    };

    // Up to the input of the head, k.normed; returns the state of the last block.
    static read_activations<Recipe> forward(auto on, const pass_of<Recipe>& pass, const int* inputs,
                                            const auto& weights, kept& k, work& w) {
        const int tokens = pass.tokens();
        nothing none;
        const auto embedded = k.embedded.part(0, tokens);
        op::embedding(on, embedded, weights.embedding.view(), inputs);
        read_activations<Recipe> x = embedded;
        x = dense_part::forward(on, pass, x, weights.dense, k.dense, w.dense);
        x = mixture_part::forward(on, pass, x, weights.mixture, k.mixture, w.mixture);
        norm_part::forward(on, pass, k.normed.part(0, tokens), x, weights.norm, k.norm, none);
        return x;
    }

    // y: (some tokens of the pass from 'first' on, vocab)
    static void logits(auto on, precise_rows<Recipe> y, int first, const auto& weights,
                       const kept& k) {
        op::linear(on, y, k.normed.part(first, y.count), head_of(weights));
    }

    // k.losses of every position, without gradients; padding (following = -1) has loss 0.
    static void loss(auto on, const pass_of<Recipe>& pass, const token_views& tokens,
                     const auto& weights, kept& k, work& w) {
        forward(on, pass, tokens.inputs, weights, k, w);
        op::head_loss(on, k.losses, read_activations<Recipe>(k.normed.part(0, pass.tokens())),
                      head_of(weights), tokens.following, w.logits);
    }

    // Adds to the gradients those of share * (sum of losses) + balance losses.
    static void forward_backward(auto on, const pass_of<Recipe>& pass, const token_views& tokens,
                                 precise share, const auto& weights, kept& k, delta& d, work& w,
                                 auto& gradients) {
        const int count = pass.tokens();
        nothing none;
        const auto last = forward(on, pass, tokens.inputs, weights, k, w);
        const auto d_normed = d.normed.part(0, count), d_last = d.last.part(0, count);
        const auto d_table = gradients.embedding.view(), d_head = head_of_gradients(gradients);
        op::head_loss_backward(on, k.losses, d_normed, d_head, k.normed.part(0, count),
                               head_of(weights), tokens.following, share, w.logits, w.d_logits);
        norm_part::backward_input(on, pass, d_last, d_normed, weights.norm, k.norm, none, none);
        if constexpr (trains<decltype(gradients.norm)>)
            norm_part::backward_weight(on, pass, d_normed, k.norm, none, gradients.norm);
        if constexpr (looks_further && !growing<Recipe>) {  // grown experts predict the next token
            auto& module = k.further[0];
            further_part::forward(on, pass, last, weights.embedding.view(), tokens.following,
                                  weights.further[0], module, w.further[0]);
            op::head_loss_backward(on, k.further_losses, d_normed, d_head,
                                   module.normed.part(0, count), head_of(weights), tokens.second,
                                   precise(share * sizes.mtp_weight), w.logits, w.d_logits);
            further_part::backward(on, pass, d_last, d_table, d_normed, weights.further[0], module,
                                   d.further[0], w.further[0], gradients.further[0]);
        }
        read_activations<Recipe> dx = d_last;
        dx = mixture_part::backward(on, pass, dx, weights.mixture, k.mixture, d.mixture, w.mixture,
                                    gradients.mixture);
        if constexpr (!growing<Recipe>) {  // nothing below the mixtures is trained
            dx = dense_part::backward(on, pass, dx, weights.dense, k.dense, d.dense, w.dense,
                                      gradients.dense);
            op::embedding_backward(on, d_table, dx, tokens.inputs);
        }
    }

    // visit(kept of a mixture layer): the routing of the last pass, in the order of the layers,
    // that of multi-token prediction last.
    static void each_mixture(auto& k, auto&& visit) {
        mixture_part::each_layer(k.mixture, [&](auto& layer) { visit(layer.second.second); });
        if constexpr (further_mixture) visit(k.further[0].layer.second.second);
    }
    // visit(state of a mixture layer), in the same order.
    static void each_mixture_state(auto& state, auto&& visit) {
        mixture_part::each_layer(state.mixture, [&](auto& layer) { visit(layer.second.second); });
        if constexpr (further_mixture) visit(state.further[0].layer.second.second);
    }
    static constexpr bool further_mixture = looks_further && mixture_layers > 0;
    static constexpr int mixtures = mixture_layers + (further_mixture ? 1 : 0);

private:
    static auto head_of(const auto& weights) {
        if constexpr (tied)
            return weights.embedding.one();
        else
            return weights.head.one();
    }
    static auto head_of_gradients(auto& gradients) {
        if constexpr (tied)
            return gradients.embedding.view();
        else
            return gradients.head.view();
    }
};

}  // namespace moe
