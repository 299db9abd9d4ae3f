// SPDX-License-Identifier: MIT
// The extra slot: experts that were grown for other domains, beside a mixture whose own routing
// they leave as it is. A token gets the best of them, or none:
//   z_j = r_j . x + b_j        j = the largest        y += [z_j > 0] sigmoid(z_j) expert_j(x)
// An expert with a zero output matrix changes no bit of y. The biases b are not trained by a
// gradient: they hold how many tokens of other domains an expert may take (train/grower.hpp).
#pragma once

#include <moe/layer/gated.hpp>

namespace moe {

template <class Recipe> struct slot_layer {
    using number = activation_of<Recipe>;
    using precise = precise_of<Recipe>;
    static constexpr int hidden = of<Recipe>.model.hidden, width = of<Recipe>.ffn.intermediate;
    using inner = gated<Recipe, width>;
    static constexpr int experts = of<Recipe>.ffn.slot, added = growth<Recipe>::slot;

    template <template <spec> class Slot> struct state {
        Slot<spec{
            .rows = experts, .columns = hidden, .packed = true, .precise = true, .grown = added}>
            router;
        Slot<spec{.columns = experts,
                  .start = start::zero,
                  .decays = false,
                  .trained = false,
                  .precise = true}>
            bias;
        Slot<spec{.rows = width,
                  .columns = hidden,
                  .stack = experts,
                  .packed = true,
                  .grown = added * width}>
            gate, up;
        Slot<spec{.rows = hidden,
                  .columns = width,
                  .stack = experts,
                  .packed = true,
                  .grown = added * hidden}>
            down;

        static constexpr void each(const name& prefix, auto&& visit, auto&... s) {
            visit(prefix.with("slot.gate.weight"), s.router...);
            visit(prefix.with("slot.gate.bias"), s.bias...);
            visit(prefix.with("slot.experts.*.gate_proj.weight"), s.gate...);
            visit(prefix.with("slot.experts.*.up_proj.weight"), s.up...);
            visit(prefix.with("slot.experts.*.down_proj.weight"), s.down...);
        }
    };
    static_assert(lists_every_field<state>());

    struct kept {
        read_activations<Recipe> x;
        given_input<Recipe, hidden> operand;
        rows<precise> logits;        // (tokens, experts)
        precise* gate_of = nullptr;  // (tokens) sigmoid(z) of the expert that a token got
        dispatch_plan plan;
        precise* row_weight = nullptr;
        typename inner::kept routed_part;

        void place(arena& memory, batch_shape shape) {
            const int tokens = shape.tokens();
            operand.place(memory, shape);
            logits = memory.take_rows<precise>(tokens, experts);
            gate_of = memory.take<precise>(tokens);
            plan.chosen = memory.take<int>(tokens);
            plan.first = memory.take<int>(experts + 1);
            plan.token = memory.take<int>(tokens);
            plan.row = memory.take<int>(tokens);
            row_weight = memory.take<precise>(tokens);
            routed_part.place(memory, tokens);
        }
    };
    struct delta {
        typename inner::delta routed_part;
        rows<precise> logits;

        void place(arena& memory, batch_shape shape) {
            routed_part.place(memory, shape.tokens());
            logits = memory.take_rows<precise>(shape.tokens(), experts);
        }
    };
    struct work {
        activations<Recipe> routed_rows, partial;
        precise *row_gradient = nullptr, *pieces = nullptr;
        typename inner::work routed_part;

        void place(arena& memory, batch_shape shape) {
            const int tokens = shape.tokens();
            partial = memory.take_rows<number>(tokens, hidden);
            row_gradient = memory.take<precise>(tokens);
            memory.overlap(
                [&] {
                    routed_rows = memory.take_rows<number>(tokens, hidden);
                    routed_part.place(memory, tokens);
                },
                [&] {
                    pieces =
                        memory.take<precise>(std::int64_t{1} * tokens * op::swiglu_pieces(width));
                });
        }
    };

    // y holds the mixture's output, and gets the slot's on top.
    static void add_forward(auto on, activations<Recipe> y, read_activations<Recipe> x,
                            const auto& weights, kept& k, work& w) {
        const int tokens = x.count;
        k.x = x;
        k.operand.take(on, x);
        const auto logits = k.logits.part(0, tokens);
        op::linear(on, logits, x, weights.router.one());
        k.plan.tokens = tokens, k.plan.active = 1, k.plan.experts = experts;
        on.each(tokens, [&](int t) {
            int best = 0;
            precise z = logits(t, 0) + precise(weights.bias.at[0]);
            for (int j = 1; j < experts; ++j)
                if (const precise other = logits(t, j) + precise(weights.bias.at[j]); other > z)
                    best = j, z = other;
            k.plan.chosen[t] = z > 0 ? best : -1;
            k.gate_of[t] = z > 0 ? sigmoid(z) : precise(0);
        });
        op::plan_dispatch(on, k.plan);
        const groups by = k.plan.by_expert();
        const int all = by.rows();
        on.each(all, [&](int r) { k.row_weight[r] = k.gate_of[k.plan.token[r]]; });
        const auto rows_out = w.routed_rows.part(0, all);
        op::gated_linear(on,
                         inner::forward(k.routed_part, w.routed_part, k.operand.read(k.plan.token),
                                        weights.gate.all(), weights.up.all(), k.row_weight, by));
        op::grouped_linear(on, inner::down(rows_out, inner::h(k.routed_part, w.routed_part, all),
                                           weights.down.all(), by));
        op::combine(on, y, rows_out, k.plan, experts, y);
    }

    static void input_again(kept& k, read_activations<Recipe> x) {
        k.x = x;
        if constexpr (given_input<Recipe, hidden>::keeps_view) k.operand.x = x;
    }

    // dx holds the mixture's part.
    static void add_backward_input(auto on, activations<Recipe> dx, read_activations<Recipe> dy,
                                   const auto& weights, kept& k, delta& d, work& w) {
        const int tokens = dy.count;
        const groups by = k.plan.by_expert();
        const int all = by.rows();
        op::gated_linear_backward(
            on, inner::backward(k.routed_part, d.routed_part, w.row_gradient, {dy, k.plan.token},
                                weights.down.all(), k.row_weight, by, w.pieces));
        const auto d_logits = d.logits.part(0, tokens);
        on.each(tokens, [&](int t) {
            for (int j = 0; j < experts; ++j) d_logits(t, j) = 0;
            const int chosen = k.plan.chosen[t];
            if (chosen < 0) return;
            const precise s = k.gate_of[t];
            d_logits(t, chosen) = w.row_gradient[k.plan.row[t]] * s * (precise(1) - s);
        });
        const auto partial = w.partial.part(0, tokens), rows_back = w.routed_rows.part(0, all);
        op::linear_backward_input(on, partial, op::way_back{d_logits, weights.router.one()});
        op::gated_linear_backward_input(
            on, inner::backward_input(rows_back, d.routed_part, weights.gate.all(),
                                      weights.up.all(), by));
        op::combine(on, partial, rows_back, k.plan, experts, partial);
        op::add(on, dx, partial);
    }

    static void backward_weight(auto on, read_activations<Recipe> dy, const kept& k, const delta& d,
                                auto& gradients) {
        constexpr int first = growing<Recipe> ? experts - added : 0;  // that is trained
        const groups by{k.plan.first + first, experts - first};
        const int all = k.plan.by_expert().rows();
        const auto& routed_part = d.routed_part;
        op::grouped_linear_backward_weight(on, gradients.down.view(),
                                           inner::gradient(dy, k.plan.token),
                                           inner::h(k.routed_part, routed_part, all), by);
        const auto x = k.operand.read(k.plan.token);
        op::grouped_linear_backward_weight(on, gradients.gate.view(),
                                           inner::gradient(routed_part.gate.part(0, all)), x, by);
        op::grouped_linear_backward_weight(on, gradients.up.view(),
                                           inner::gradient(routed_part.up.part(0, all)), x, by);
        op::linear_backward_weight(on, gradients.router.view(),
                                   d.logits.part(0, dy.count).columns(first, experts - first), k.x);
    }
};

}  // namespace moe
