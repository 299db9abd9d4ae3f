// SPDX-License-Identifier: MIT
// Causal attention whose query heads share key and value heads in groups (Ainslie et al. 2023),
// with rotary positions on all of a head and, if asked for, a norm on every query and key head.
#pragma once

#include <moe/layer/operands.hpp>

#include <cmath>

namespace moe {

template <class Recipe> struct grouped_query_attention {
    using number = activation_of<Recipe>;
    using precise = precise_of<Recipe>;
    static constexpr auto sizes = of<Recipe>.attention;
    static constexpr int hidden = of<Recipe>.model.hidden;
    static constexpr int query_width = sizes.heads * sizes.head_dim;
    static constexpr int key_width = sizes.kv_heads * sizes.head_dim;
    static constexpr bool normed = sizes.qk_norm;
    using input = given_input<Recipe, hidden>;
    using output = attention_output<Recipe, query_width>;
    static constexpr bool keeps_input = input::keeps_view;

    template <template <spec> class Slot> struct state {
        Slot<spec{.rows = query_width, .columns = hidden, .packed = true}> query;
        Slot<spec{.rows = key_width, .columns = hidden, .packed = true}> key, value;
        Slot<spec{.rows = hidden, .columns = query_width, .packed = true}> out;
        Slot<spec{.rows = normed ? 1 : 0,
                  .columns = sizes.head_dim,
                  .start = start::one,
                  .decays = false,
                  .precise = true}>
            query_gain, key_gain;

        static constexpr void each(const name& prefix, auto&& visit, auto&... s) {
            visit(prefix.with("q_proj.weight"), s.query...);
            visit(prefix.with("k_proj.weight"), s.key...);
            visit(prefix.with("v_proj.weight"), s.value...);
            visit(prefix.with("o_proj.weight"), s.out...);
            visit(prefix.with("q_norm.weight"), s.query_gain...);
            visit(prefix.with("k_norm.weight"), s.key_gain...);
        }
    };
    static_assert(lists_every_field<state>());

    struct kept {
        input x;
        activations<Recipe> query, key, value;
        output out;
        precise_rows<Recipe> lse;
        activations<Recipe> raw_query, raw_key;  // before their norms
        precise *query_scale = nullptr, *key_scale = nullptr;

        void place(arena& memory, batch_shape shape) {
            const int tokens = shape.tokens();
            x.place(memory, shape);
            query = memory.take_rows<number>(tokens, query_width);
            key = memory.take_rows<number>(tokens, key_width);
            value = memory.take_rows<number>(tokens, key_width);
            out.place(memory, shape);
            lse = memory.take_rows<precise>(tokens, sizes.heads);
            if constexpr (normed) {
                raw_query = memory.take_rows<number>(tokens, query_width);
                raw_key = memory.take_rows<number>(tokens, key_width);
                query_scale = memory.take<precise>(std::int64_t(tokens) * sizes.heads);
                key_scale = memory.take<precise>(std::int64_t(tokens) * sizes.kv_heads);
            }
        }
    };
    struct delta {
        activations<Recipe> query, key, value;         // of the projections' outputs
        activations<Recipe> normed_query, normed_key;  // of the norms' outputs

        void place(arena& memory, batch_shape shape) {
            const int tokens = shape.tokens();
            query = memory.take_rows<number>(tokens, query_width);
            key = memory.take_rows<number>(tokens, key_width);
            value = memory.take_rows<number>(tokens, key_width);
            if constexpr (normed) {
                normed_query = memory.take_rows<number>(tokens, query_width);
                normed_key = memory.take_rows<number>(tokens, key_width);
            }
        }
    };
    struct work {
        activations<Recipe> out;
        typename output::work passing;
        op::attention_sums sums;

        void place(arena& memory, batch_shape shape) {
            passing.place(memory, shape);
            out = memory.take_rows<number>(shape.tokens(), query_width);
            place_sums<number>(sums, memory, shape.tokens(), key_width, key_width);
        }
    };

    static void forward(auto on, const pass_of<Recipe>& pass, activations<Recipe> y,
                        read_activations<Recipe> given, const auto& weights, kept& k, work& w) {
        const int tokens = given.count;
        k.x.take(on, given);
        const auto x = k.x.read();
        const auto out = k.out.begin(tokens, w.passing);
        const auto in_flight = seen(pass, k);
        const auto query = in_flight.query, key = in_flight.key;
        const int length = pass.shape.length, position = pass.position;
        if constexpr (normed) {
            const auto raw_query = k.raw_query.part(0, tokens), raw_key = k.raw_key.part(0, tokens);
            op::linear(on, raw_query, x, weights.query.one());
            op::linear(on, raw_key, x, weights.key.one());
            const precise epsilon = precise(of<Recipe>.model.norm_epsilon);
            op::rms_norm(on, by_head(query), k.query_scale, by_head(raw_query),
                         weights.query_gain.at, epsilon);
            op::rms_norm(on, by_head(key), k.key_scale, by_head(raw_key), weights.key_gain.at,
                         epsilon);
            op::rope(on, query, columns(sizes.heads), pass.angles, length, position);
            op::rope(on, key, columns(sizes.kv_heads), pass.angles, length, position);
        } else {
            const op::positions at{length, position};
            op::rotated_linear(on, query, x, weights.query.one(), columns(sizes.heads), pass.angles,
                               at);
            op::rotated_linear(on, key, x, weights.key.one(), columns(sizes.kv_heads), pass.angles,
                               at);
        }
        op::linear(on, in_flight.value, x, weights.value.one());
        op::attention(on, out, in_flight.lse, query, k.key.part(0, in_flight.keys),
                      k.value.part(0, in_flight.keys), shape(pass));
        k.out.end(on, out);
        op::linear(on, y, k.out.now(out), weights.out.one());
    }

    // The same numbers as the input had on the way there, in another place.
    static void input_again(kept& k, read_activations<Recipe> x) { k.x.x = x; }

    static void backward_input(auto on, const pass_of<Recipe>& pass, activations<Recipe> dx,
                               read_activations<Recipe> dy, const auto& weights, kept& k, delta& d,
                               work& w) {
        const int tokens = dy.count, length = pass.shape.length;
        const auto d_out = w.out.part(0, tokens);
        const auto query = d.query.part(0, tokens), key = d.key.part(0, tokens),
                   value = d.value.part(0, tokens);
        // With norms between, attention's gradients first land behind the norms.
        const auto d_query = normed ? d.normed_query.part(0, tokens) : query;
        const auto d_key = normed ? d.normed_key.part(0, tokens) : key;
        op::linear_backward_input(on, d_out, dy, weights.out.one());
        op::attention_backward(on, d_query, d_key, value, d_out, k.query.part(0, tokens),
                               k.key.part(0, tokens), k.value.part(0, tokens),
                               k.out.again(on, w.passing), k.lse.part(0, tokens), shape(pass),
                               w.sums);
        op::rope_backward(on, d_query, columns(sizes.heads), pass.angles, length, 0);
        op::rope_backward(on, d_key, columns(sizes.kv_heads), pass.angles, length, 0);
        if constexpr (normed) {
            op::rms_norm_backward_input(on, by_head(query), by_head(d_query),
                                        by_head(k.raw_query.part(0, tokens)), k.query_scale,
                                        weights.query_gain.at);
            op::rms_norm_backward_input(on, by_head(key), by_head(d_key),
                                        by_head(k.raw_key.part(0, tokens)), k.key_scale,
                                        weights.key_gain.at);
        }
        op::linear_backward_input(on, dx, op::way_back{query, weights.query.one()},
                                  op::way_back{key, weights.key.one()},
                                  op::way_back{value, weights.value.one()});
    }

    static void backward_weight(auto on, const pass_of<Recipe>&, read_activations<Recipe> dy,
                                const kept& k, const delta& d, auto& gradients) {
        const int tokens = dy.count;
        op::linear_backward_weight(on, gradients.out.view(), dy, k.out.read());
        op::linear_backward_weight(on, gradients.query.view(), d.query.part(0, tokens), k.x.read());
        op::linear_backward_weight(on, gradients.key.view(), d.key.part(0, tokens), k.x.read());
        op::linear_backward_weight(on, gradients.value.view(), d.value.part(0, tokens), k.x.read());
        if constexpr (normed) {
            op::rms_norm_backward_weight(on, gradients.query_gain.view(),
                                         by_head(d.normed_query.part(0, tokens)),
                                         by_head(k.raw_query.part(0, tokens)), k.query_scale);
            op::rms_norm_backward_weight(on, gradients.key_gain.view(),
                                         by_head(d.normed_key.part(0, tokens)),
                                         by_head(k.raw_key.part(0, tokens)), k.key_scale);
        }
    }

private:
    struct in_flight {
        activations<Recipe> query, key, value;
        precise_rows<Recipe> lse;
        int keys;
    };
    // The rows of this pass. With tokens in the cache already, keys and values go behind them.
    static in_flight seen(const pass_of<Recipe>& pass, kept& k) {
        if (pass.position > 0) MOE_CHECK(pass.shape.sequences, ==, 1);
        const int tokens = pass.tokens(), first = pass.position;
        return {k.query.part(0, tokens), k.key.part(first, tokens), k.value.part(first, tokens),
                k.lse.part(0, tokens), first + tokens};
    }
    static op::attention_shape shape(const pass_of<Recipe>& pass) {
        return {
            pass.shape.sequences,
            pass.shape.length,
            pass.position + pass.shape.length,
            sizes.heads,
            sizes.kv_heads,
            sizes.head_dim,
            sizes.head_dim,
            1 / std::sqrt(double(sizes.head_dim)) * of<Recipe>.model.rope_scaling.softmax_factor()};
    }
    static op::head_columns columns(int heads) { return {heads, sizes.head_dim, 0}; }
    // Every head of every token as a row of its own.
    template <class T> static rows<T> by_head(rows<T> x) {
        MOE_CHECK(x.stride, ==, x.width);
        return {x.at, x.count * (x.width / sizes.head_dim), sizes.head_dim};
    }
};

}  // namespace moe
