// SPDX-License-Identifier: MIT
// The dense feed-forward layer: y = down(silu(gate(x)) * up(x)).
#pragma once

#include <moe/layer/types.hpp>

namespace moe {

template <class Recipe, int Width> struct swiglu {
    using number = activation_of<Recipe>;
    static constexpr int hidden = of<Recipe>.model.hidden;

    template <template <spec> class Slot> struct state {
        Slot<spec{.rows = Width, .columns = hidden, .packed = true}> gate, up;
        Slot<spec{.rows = hidden, .columns = Width, .packed = true}> down;

        static constexpr void each(const name& prefix, auto&& visit, auto&... s) {
            visit(prefix.with("gate_proj.weight"), s.gate...);
            visit(prefix.with("up_proj.weight"), s.up...);
            visit(prefix.with("down_proj.weight"), s.down...);
        }
    };
    static_assert(lists_every_field<state>());

    struct kept {
        read_activations<Recipe> x;
        activations<Recipe> gate, up, h;

        void place(arena& memory, batch_shape shape) {
            for (auto* wide : {&gate, &up, &h})
                *wide = memory.take_rows<number>(shape.tokens(), Width);
        }
    };
    struct delta {
        activations<Recipe> gate, up;

        void place(arena& memory, batch_shape shape) {
            for (auto* wide : {&gate, &up}) *wide = memory.take_rows<number>(shape.tokens(), Width);
        }
    };
    using work = nothing;

    // For a list of experts: this layer as one that sees every token. first: {0, tokens}
    static op::gated_linear_of<number> hidden_part(read_activations<Recipe> x, const auto& weights,
                                                   kept& k, const int* first) {
        const int tokens = x.count;
        k.x = x;
        return {k.h.part(0, tokens),
                k.gate.part(0, tokens),
                k.up.part(0, tokens),
                x,
                weights.gate.all(),
                weights.up.all(),
                nullptr,
                {first, 1}};
    }
    static op::gated_linear_back<number> hidden_part_back(read_activations<Recipe> dy,
                                                          const auto& weights, kept& k, delta& d,
                                                          const int* first) {
        const int tokens = dy.count;
        return {d.gate.part(0, tokens),
                d.up.part(0, tokens),
                nullptr,
                dy,
                k.gate.part(0, tokens),
                k.up.part(0, tokens),
                weights.down.all(),
                nullptr,
                {first, 1}};
    }

    static void forward(auto on, const pass_of<Recipe>&, activations<Recipe> y,
                        read_activations<Recipe> x, const auto& weights, kept& k, work&) {
        const int first[] = {0, x.count};
        op::gated_linear(on, hidden_part(x, weights, k, first));
        op::linear(on, y, k.h.part(0, x.count), weights.down.one());
    }
    static void backward_input(auto on, const pass_of<Recipe>&, activations<Recipe> dx,
                               read_activations<Recipe> dy, const auto& weights, kept& k, delta& d,
                               work&) {
        const int tokens = dy.count, first[] = {0, tokens};
        op::gated_linear_backward(on, hidden_part_back(dy, weights, k, d, first));
        op::linear_backward_input(on, dx, op::way_back{d.gate.part(0, tokens), weights.gate.one()},
                                  op::way_back{d.up.part(0, tokens), weights.up.one()});
    }
    static void backward_weight(auto on, const pass_of<Recipe>&, read_activations<Recipe> dy,
                                const kept& k, const delta& d, auto& gradients) {
        const int tokens = dy.count;
        op::linear_backward_weight(on, gradients.down.view(), dy, k.h.part(0, tokens));
        op::linear_backward_weight(on, gradients.gate.view(), d.gate.part(0, tokens), k.x);
        op::linear_backward_weight(on, gradients.up.view(), d.up.part(0, tokens), k.x);
    }
};

}  // namespace moe
