// SPDX-License-Identifier: MIT
// Multi-head latent attention (DeepSeek-V2, section 2.1; DeepSeek-V3, equations 1 to 11): keys and
// values of all heads come from one small latent a token, queries from another one where q_rank is
// not 0. The part of a key that carries the position is shared by all heads.
#pragma once

#include <moe/layer/operands.hpp>

#include <cmath>

namespace moe {

template <class Recipe> struct latent_attention {
    using number = activation_of<Recipe>;
    using precise = precise_of<Recipe>;
    static constexpr auto sizes = of<Recipe>.attention;
    static constexpr int hidden = of<Recipe>.model.hidden;
    static constexpr int heads = sizes.heads, q_rank = sizes.q_rank, kv_rank = sizes.kv_rank;
    static constexpr int key_dim = sizes.nope_dim + sizes.rope_dim;
    static constexpr int query_width = heads * key_dim, value_width = heads * sizes.value_dim;
    static constexpr int latent_width = kv_rank + sizes.rope_dim;
    static constexpr int expanded_width = heads * (sizes.nope_dim + sizes.value_dim);
    static constexpr latent_shape joint{heads, sizes.nope_dim, sizes.rope_dim, sizes.value_dim};
    static constexpr bool narrow = q_rank > 0;  // queries through a latent of their own
    using input = given_input<Recipe, hidden>;
    using low_input = computed_input<Recipe, q_rank>;
    using latent_input = computed_input<Recipe, kv_rank>;
    using output = attention_output<Recipe, value_width>;
    static constexpr bool keeps_input = input::keeps_view;
    // The norms of the latents have this constant in every published implementation, whatever the
    // model's own (transformers, modeling_deepseek_v3).
    static constexpr precise latent_epsilon = precise(1e-6);

    template <template <spec> class Slot> struct state {
        Slot<spec{.rows = narrow ? 0 : query_width, .columns = hidden, .packed = true}> query;
        Slot<spec{.rows = q_rank, .columns = hidden, .packed = true}> query_down;
        Slot<spec{.rows = narrow ? 1 : 0,
                  .columns = q_rank,
                  .start = start::one,
                  .decays = false,
                  .precise = true}>
            query_gain;
        Slot<spec{.rows = narrow ? query_width : 0, .columns = q_rank, .packed = true}> query_up;
        Slot<spec{.rows = latent_width, .columns = hidden, .packed = true}> latent_down;
        Slot<spec{.columns = kv_rank, .start = start::one, .decays = false, .precise = true}>
            latent_gain;
        Slot<spec{.rows = expanded_width, .columns = kv_rank, .packed = true}> latent_up;
        Slot<spec{.rows = hidden, .columns = value_width, .packed = true}> out;

        static constexpr void each(const name& prefix, auto&& visit, auto&... s) {
            visit(prefix.with("q_proj.weight"), s.query...);
            visit(prefix.with("q_a_proj.weight"), s.query_down...);
            visit(prefix.with("q_a_layernorm.weight"), s.query_gain...);
            visit(prefix.with("q_b_proj.weight"), s.query_up...);
            visit(prefix.with("kv_a_proj_with_mqa.weight"), s.latent_down...);
            visit(prefix.with("kv_a_layernorm.weight"), s.latent_gain...);
            visit(prefix.with("kv_b_proj.weight"), s.latent_up...);
            visit(prefix.with("o_proj.weight"), s.out...);
        }
    };
    static_assert(lists_every_field<state>());

    struct kept {
        input x;
        activations<Recipe> query_latent;  // (tokens, q_rank)
        low_input normed_query_latent;
        activations<Recipe> latent;  // (tokens, kv_rank + rope): the rest
        latent_input normed_latent;  // of it holds the shared key
        precise *query_scale = nullptr, *latent_scale = nullptr;
        activations<Recipe> query, key, value;
        output out;
        precise_rows<Recipe> lse;

        void place(arena& memory, batch_shape shape) {
            const int tokens = shape.tokens();
            x.place(memory, shape);
            if constexpr (narrow) {
                query_latent = memory.take_rows<number>(tokens, q_rank);
                normed_query_latent.place(memory, shape);
                query_scale = memory.take<precise>(tokens);
            }
            latent = memory.take_rows<number>(tokens, latent_width);
            normed_latent.place(memory, shape);
            latent_scale = memory.take<precise>(tokens);
            query = memory.take_rows<number>(tokens, query_width);
            key = memory.take_rows<number>(tokens, query_width);
            value = memory.take_rows<number>(tokens, value_width);
            out.place(memory, shape);
            lse = memory.take_rows<precise>(tokens, heads);
        }
    };
    struct delta {
        activations<Recipe> query, query_latent, normed_query_latent;
        activations<Recipe> latent, normed_latent, expanded;

        void place(arena& memory, batch_shape shape) {
            const int tokens = shape.tokens();
            query = memory.take_rows<number>(tokens, query_width);
            if constexpr (narrow) {
                query_latent = memory.take_rows<number>(tokens, q_rank);
                normed_query_latent = memory.take_rows<number>(tokens, q_rank);
            }
            latent = memory.take_rows<number>(tokens, latent_width);
            normed_latent = memory.take_rows<number>(tokens, kv_rank);
            expanded = memory.take_rows<number>(tokens, expanded_width);
        }
    };
    struct work {
        typename output::work passing;
        typename low_input::work low;
        typename latent_input::work normed;
        activations<Recipe> expanded, out, key, value;
        op::attention_sums sums;

        void place(arena& memory, batch_shape shape) {
            const int tokens = shape.tokens();
            passing.place(memory, shape);
            memory.overlap(
                [&] {
                    if constexpr (narrow) low.place(memory, shape);
                    normed.place(memory, shape);
                    expanded = memory.take_rows<number>(tokens, expanded_width);
                },
                [&] {
                    out = memory.take_rows<number>(tokens, value_width);
                    key = memory.take_rows<number>(tokens, query_width);
                    value = memory.take_rows<number>(tokens, value_width);
                    place_sums<number>(sums, memory, tokens, query_width, value_width);
                });
        }
    };

    static void forward(auto on, const pass_of<Recipe>& pass, activations<Recipe> y,
                        read_activations<Recipe> given, const auto& weights, kept& k, work& w) {
        if (pass.position > 0) MOE_CHECK(pass.shape.sequences, ==, 1);
        const int tokens = given.count, position = pass.position;
        const int keys = position + tokens;
        k.x.take(on, given);
        const auto x = k.x.read();
        const auto query = k.query.part(0, tokens);
        if constexpr (narrow) {
            const auto latent = k.query_latent.part(0, tokens);
            const auto normed = k.normed_query_latent.begin(tokens, w.low);
            op::linear(on, latent, x, weights.query_down.one());
            op::rms_norm(on, normed, k.query_scale, latent, weights.query_gain.at, latent_epsilon);
            k.normed_query_latent.end(on, normed);
            project(on, query, k.normed_query_latent.read(), weights.query_up.one(),
                    query_columns(), pass);
        } else {
            project(on, query, x, weights.query.one(), query_columns(), pass);
        }
        const auto latent = k.latent.part(0, tokens);
        const auto normed = k.normed_latent.begin(tokens, w.normed);
        const auto expanded = w.expanded.part(0, tokens);
        const auto shared = latent.columns(kv_rank, sizes.rope_dim);
        project(on, latent, x, weights.latent_down.one(), {1, 0, kv_rank}, pass);
        op::rms_norm(on, normed, k.latent_scale, latent.columns(0, kv_rank), weights.latent_gain.at,
                     latent_epsilon);
        k.normed_latent.end(on, normed);
        op::linear(on, expanded, k.normed_latent.read(), weights.latent_up.one());
        // With tokens in the cache already, keys and values go behind them.
        op::join_latent_heads(on, k.key.part(position, tokens), k.value.part(position, tokens),
                              expanded, shared, joint);
        const auto out = k.out.begin(tokens, w.passing);
        op::attention(on, out, k.lse.part(0, tokens), query, k.key.part(0, keys),
                      k.value.part(0, keys), shape(pass));
        k.out.end(on, out);
        op::linear(on, y, k.out.now(out), weights.out.one());
    }

    // The same numbers as the input had on the way there, in another place.
    static void input_again(kept& k, read_activations<Recipe> x) { k.x.x = x; }

    static void backward_input(auto on, const pass_of<Recipe>& pass, activations<Recipe> dx,
                               read_activations<Recipe> dy, const auto& weights, kept& k, delta& d,
                               work& w) {
        const int tokens = dy.count, length = pass.shape.length;
        const auto d_query = d.query.part(0, tokens), d_expanded = d.expanded.part(0, tokens);
        const auto d_latent = d.latent.part(0, tokens), d_normed = d.normed_latent.part(0, tokens);
        const auto d_shared = d_latent.columns(kv_rank, sizes.rope_dim);
        {
            const auto d_out = w.out.part(0, tokens), d_key = w.key.part(0, tokens),
                       d_value = w.value.part(0, tokens);
            op::linear_backward_input(on, d_out, dy, weights.out.one());
            op::attention_backward(on, d_query, d_key, d_value, d_out, k.query.part(0, tokens),
                                   k.key.part(0, tokens), k.value.part(0, tokens),
                                   k.out.again(on, w.passing), k.lse.part(0, tokens), shape(pass),
                                   w.sums);
            op::join_latent_heads_backward(on, d_expanded, d_shared, d_key, d_value, joint);
        }
        op::rope_backward(on, d_query, query_columns(), pass.angles, length, 0);
        op::rope_backward(on, d_shared, {1, sizes.rope_dim, 0}, pass.angles, length, 0);
        op::linear_backward_input(on, d_normed, d_expanded, weights.latent_up.one());
        op::rms_norm_backward_input(on, d_latent.columns(0, kv_rank), d_normed,
                                    k.latent.part(0, tokens).columns(0, kv_rank), k.latent_scale,
                                    weights.latent_gain.at);
        const op::way_back from_latent{d_latent, weights.latent_down.one()};
        if constexpr (narrow) {
            const auto d_low = d.query_latent.part(0, tokens);
            const auto d_normed_low = d.normed_query_latent.part(0, tokens);
            op::linear_backward_input(on, d_normed_low, d_query, weights.query_up.one());
            op::rms_norm_backward_input(on, d_low, d_normed_low, k.query_latent.part(0, tokens),
                                        k.query_scale, weights.query_gain.at);
            op::linear_backward_input(on, dx, from_latent,
                                      op::way_back{d_low, weights.query_down.one()});
        } else {
            op::linear_backward_input(on, dx, from_latent,
                                      op::way_back{d_query, weights.query.one()});
        }
    }

    static void backward_weight(auto on, const pass_of<Recipe>&, read_activations<Recipe> dy,
                                const kept& k, const delta& d, auto& gradients) {
        const int tokens = dy.count;
        op::linear_backward_weight(on, gradients.out.view(), dy, k.out.read());
        op::linear_backward_weight(on, gradients.latent_up.view(), d.expanded.part(0, tokens),
                                   k.normed_latent.read());
        op::rms_norm_backward_weight(on, gradients.latent_gain.view(),
                                     d.normed_latent.part(0, tokens),
                                     k.latent.part(0, tokens).columns(0, kv_rank), k.latent_scale);
        op::linear_backward_weight(on, gradients.latent_down.view(), d.latent.part(0, tokens),
                                   k.x.read());
        if constexpr (narrow) {
            op::linear_backward_weight(on, gradients.query_up.view(), d.query.part(0, tokens),
                                       k.normed_query_latent.read());
            op::rms_norm_backward_weight(on, gradients.query_gain.view(),
                                         d.normed_query_latent.part(0, tokens),
                                         k.query_latent.part(0, tokens), k.query_scale);
            op::linear_backward_weight(on, gradients.query_down.view(),
                                       d.query_latent.part(0, tokens), k.x.read());
        } else {
            op::linear_backward_weight(on, gradients.query.view(), d.query.part(0, tokens),
                                       k.x.read());
        }
    }

private:
    static op::attention_shape shape(const pass_of<Recipe>& pass) {
        return {pass.shape.sequences,
                pass.shape.length,
                pass.position + pass.shape.length,
                heads,
                heads,
                key_dim,
                sizes.value_dim,
                1 / std::sqrt(double(key_dim)) * of<Recipe>.model.rope_scaling.softmax_factor()};
    }
    static op::head_columns query_columns() { return {heads, key_dim, sizes.nope_dim}; }
    // y = x w^T with the columns of 'where' rotated: at once, if no block can tear a pair.
    template <class X, class W>
    static void project(auto on, activations<Recipe> y, X x, matrix<W> w, op::head_columns where,
                        const pass_of<Recipe>& pass) {
        const int length = pass.shape.length, position = pass.position;
        if constexpr (sizes.nope_dim % 2 == 0 && kv_rank % 2 == 0) {
            op::rotated_linear(on, y, x, w, where, pass.angles, {length, position});
        } else {
            op::linear(on, y, x, w);
            op::rope(on, y, where, pass.angles, length, position);
        }
    }
};

}  // namespace moe
