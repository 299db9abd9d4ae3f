// SPDX-License-Identifier: MIT
// The mixture (DeepSeek-V3, equations 12 to 16): y = shared(x) + sum over the chosen experts e of
// weight_e * expert_e(x). Every expert is a small SwiGLU layer. The routing weight multiplies an
// expert's inner activation, before its down projection: expert outputs then only have to be
// summed, and need not be kept for the weight's gradient.
#pragma once

#include <moe/layer/named.hpp>
#include <moe/layer/swiglu.hpp>
#include <moe/routing/balance.hpp>
#include <moe/routing/route.hpp>

namespace moe {

template <class Recipe> struct experts_layer {
    using number = activation_of<Recipe>;
    using precise = precise_of<Recipe>;
    static constexpr auto sizes = of<Recipe>.ffn;
    static constexpr auto routing = of<Recipe>.routing;
    static constexpr auto balance = of<Recipe>.balance;
    static constexpr int hidden = of<Recipe>.model.hidden, width = sizes.intermediate;
    static constexpr int routed = sizes.routed, active = routing.active;
    static constexpr bool has_shared = sizes.shared > 0;
    static constexpr bool has_bias = balance.uses_bias();
    // Outputs are summed group by group; a routing policy without groups has one.
    static constexpr int experts_per_group = [] {
        if constexpr (requires { routing.groups; })
            return routed / routing.groups;
        else
            return routed;
    }();
    static constexpr bool balanced = balance.loss_weight() != 0;
    // Experts that the recipe adds to those of the recipe that it grows: the last ones.
    static constexpr int added = growth<Recipe>::routed, old = routed - added;
    using shared_layer = named<"shared_experts", swiglu<Recipe, sizes.shared * width>>;
    using shared_inner = typename shared_layer::inner;
    using inner = gated<Recipe, width>;
    static constexpr bool keeps_input = true;  // the router's gradient

    template <template <spec> class Slot> struct state {
        Slot<spec{
            .rows = routed, .columns = hidden, .packed = true, .precise = true, .grown = added}>
            router;
        Slot<spec{.rows = has_bias ? 1 : 0,
                  .columns = routed,
                  .start = start::zero,
                  .decays = false,
                  .trained = false,
                  .precise = true}>
            bias;
        Slot<spec{.rows = width,
                  .columns = hidden,
                  .stack = routed,
                  .packed = true,
                  .grown = added * width}>
            gate, up;
        Slot<spec{.rows = hidden,
                  .columns = width,
                  .stack = routed,
                  .packed = true,
                  .grown = added * hidden}>
            down;
        typename shared_layer::template state<Slot> shared;

        static constexpr void each(const name& prefix, auto&& visit, auto&... s) {
            visit(prefix.with("gate.weight"), s.router...);
            visit(prefix.with("gate.e_score_correction_bias"), s.bias...);
            visit(prefix.with("experts.*.gate_proj.weight"), s.gate...);
            visit(prefix.with("experts.*.up_proj.weight"), s.up...);
            visit(prefix.with("experts.*.down_proj.weight"), s.down...);
            shared_layer::template state<Slot>::each(prefix, visit, s.shared...);
        }
    };
    static_assert(lists_every_field<state>());

    // Beside their input the routed experts and the shared one keep the same.
    struct kept {
        read_activations<Recipe> x;
        given_input<Recipe, hidden> operand;
        rows<precise> logits, weight;  // (tokens, routed), (tokens, active)
        dispatch_plan plan;
        precise* row_weight = nullptr;    // the weight of every routed row
        precise* balance_loss = nullptr;  // (sequences)
        typename inner::kept routed_part;
        typename shared_inner::kept shared;

        void place(arena& memory, batch_shape shape) {
            const int tokens = shape.tokens(), all = tokens * active;
            operand.place(memory, shape);
            logits = memory.take_rows<precise>(tokens, routed);
            weight = memory.take_rows<precise>(tokens, active);
            plan.chosen = memory.take<int>(all);
            plan.first = memory.take<int>(routed + 1);
            plan.token = memory.take<int>(all);
            plan.row = memory.take<int>(all);
            row_weight = memory.take<precise>(all);
            balance_loss = memory.take<precise>(shape.sequences);
            routed_part.place(memory, all);
            if constexpr (has_shared) shared.place(memory, tokens);
        }
    };
    struct delta {
        typename inner::delta routed_part;
        rows<precise> logits;
        typename shared_inner::delta shared;

        void place(arena& memory, batch_shape shape) {
            routed_part.place(memory, shape.tokens() * active);
            logits = memory.take_rows<precise>(shape.tokens(), routed);
            if constexpr (has_shared) shared.place(memory, shape.tokens());
        }
    };
    struct work {
        activations<Recipe> routed_rows, partial;
        precise *row_gradient = nullptr, *pieces = nullptr;
        rows<precise> weight_gradient;
        typename inner::work routed_part;
        typename shared_inner::work shared;

        void place(arena& memory, batch_shape shape) {
            const int tokens = shape.tokens(), all = tokens * active;
            partial = memory.take_rows<number>(tokens, hidden);
            row_gradient = memory.take<precise>(all);
            weight_gradient = memory.take_rows<precise>(tokens, active);
            // What the way there needs, the two halves of the way back.
            memory.overlap(
                [&] {
                    routed_rows = memory.take_rows<number>(all, hidden);
                    routed_part.place(memory, all);
                    if constexpr (has_shared) shared.place(memory, tokens);
                },
                [&] {
                    pieces = memory.take<precise>(std::int64_t{1} * all * op::swiglu_pieces(width));
                });
        }
    };

    static void forward(auto on, const pass_of<Recipe>& pass, activations<Recipe> y,
                        read_activations<Recipe> x, const auto& weights, kept& k, work& w) {
        const int tokens = x.count, every_token[] = {0, tokens};
        k.x = x;
        k.operand.take(on, x);
        const auto logits = k.logits.part(0, tokens), weight = k.weight.part(0, tokens);
        op::linear(on, logits, x, weights.router.one());
        k.plan.tokens = tokens, k.plan.active = active, k.plan.experts = routed;
        route<routed>(on, k.plan.chosen, weight, logits, selection_bias(weights.bias.at), routing,
                      pass.text);
        op::plan_dispatch(on, k.plan);

        const groups by = k.plan.by_expert();
        const int all = by.rows();
        spread_weights(on, k.row_weight, weight, k.plan);
        const auto rows_out = w.routed_rows.part(0, all);
        const auto routed_part =
            inner::forward(k.routed_part, w.routed_part, k.operand.read(k.plan.token),
                           weights.gate.all(), weights.up.all(), k.row_weight, by);
        const auto routed_down = [&] {
            return inner::down(rows_out, inner::h(k.routed_part, w.routed_part, all),
                               weights.down.all(), by);
        };
        if constexpr (has_shared) {
            const auto partial = w.partial.part(0, tokens);
            op::gated_linear(
                on, routed_part,
                shared_inner::forward(k.shared, w.shared, k.operand.read(nullptr),
                                      weights.shared.gate.all(), weights.shared.up.all(), nullptr,
                                      {every_token, 1}));
            op::grouped_linear(
                on, routed_down(),
                shared_inner::down(partial, shared_inner::h(k.shared, w.shared, tokens),
                                   weights.shared.down.all(), {every_token, 1}));
            op::combine(on, y, rows_out, k.plan, experts_per_group, partial);
        } else {
            op::gated_linear(on, routed_part);
            op::grouped_linear(on, routed_down());
            op::combine(on, y, rows_out, k.plan, experts_per_group);
        }
    }
    // The same numbers as the input had on the way there, in another place.
    static void input_again(kept& k, read_activations<Recipe> x) {
        k.x = x;
        if constexpr (given_input<Recipe, hidden>::keeps_view) k.operand.x = x;
    }

    static void backward_input(auto on, const pass_of<Recipe>& pass, activations<Recipe> dx,
                               read_activations<Recipe> dy, const auto& weights, kept& k, delta& d,
                               work& w) {
        const int tokens = dy.count, every_token[] = {0, tokens};
        const groups by = k.plan.by_expert();
        const int all = by.rows();
        const auto routed_part =
            inner::backward(k.routed_part, d.routed_part, w.row_gradient, {dy, k.plan.token},
                            weights.down.all(), k.row_weight, by, w.pieces);
        if constexpr (has_shared)
            op::gated_linear_backward(
                on, routed_part,
                shared_inner::backward(k.shared, d.shared, nullptr, dy, weights.shared.down.all(),
                                       nullptr, {every_token, 1}));
        else
            op::gated_linear_backward(on, routed_part);

        const auto d_logits = d.logits.part(0, tokens),
                   d_weight = w.weight_gradient.part(0, tokens);
        const auto logits = k.logits.part(0, tokens);
        gather_weights(on, d_weight, w.row_gradient, k.plan);
        route_backward<routed>(on, d_logits, d_weight, logits, k.plan.chosen,
                               k.weight.part(0, tokens), routing);
        if constexpr (balanced)
            balance_loss<routed>(on, d_logits, k.balance_loss, logits, k.plan.chosen,
                                 pass.shape.length, pass.sequence_share, routing, balance);

        // What every token's input gets from the router and the shared expert, then the routed
        // ones.
        const auto partial = w.partial.part(0, tokens);
        const op::way_back from_router{d_logits, weights.router.one()};
        if constexpr (has_shared)
            op::linear_backward_input(
                on, partial, from_router,
                op::way_back{d.shared.gate.part(0, tokens), weights.shared.gate.one()},
                op::way_back{d.shared.up.part(0, tokens), weights.shared.up.one()});
        else
            op::linear_backward_input(on, partial, from_router);
        const auto rows_back = w.routed_rows.part(0, all);
        op::gated_linear_backward_input(
            on, inner::backward_input(rows_back, d.routed_part, weights.gate.all(),
                                      weights.up.all(), by));
        op::combine(on, dx, rows_back, k.plan, experts_per_group, partial);
    }

    static void backward_weight(auto on, const pass_of<Recipe>&, read_activations<Recipe> dy,
                                const kept& k, const delta& d, auto& gradients) {
        constexpr int first = growing<Recipe> ? old : 0;  // that is trained
        const groups by{k.plan.first + first, routed - first};
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
                                   d.logits.part(0, dy.count).columns(first, routed - first), k.x);
        if constexpr (has_shared && trains<decltype(gradients.shared)>)
            shared_layer::weight_gradients(on, dy, k.operand.read(), k.shared, d.shared,
                                           gradients.shared);
    }

private:
    // FP32 under every policy; a gradient check in FP64 has none, for it holds the choices fixed.
    static const float* selection_bias(const float* bias) { return has_bias ? bias : nullptr; }
    static const float* selection_bias(const double*) { return nullptr; }

    // Between a token's choices and the rows they were sent to.
    static void spread_weights(auto on, precise* of_row, rows<const precise> weight,
                               const dispatch_plan& plan) {
        on.each(plan.tokens, [&](int t) {
            for (int i = 0; i < active; ++i)
                if (const int row = plan.row[t * active + i]; row >= 0) of_row[row] = weight(t, i);
        });
    }
    static void gather_weights(auto on, rows<precise> weight, const precise* of_row,
                               const dispatch_plan& plan) {
        on.each(plan.tokens, [&](int t) {
            for (int i = 0; i < active; ++i) {
                const int row = plan.row[t * active + i];
                weight(t, i) = row >= 0 ? of_row[row] : precise(0);
            }
        });
    }
};

}  // namespace moe
