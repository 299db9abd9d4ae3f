// SPDX-License-Identifier: MIT
// The dense feed-forward layer: y = down(silu(gate(x)) * up(x)).
#pragma once

#include <moe/layer/gated.hpp>

namespace moe {

template <class Recipe, int Width> struct swiglu {
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

    using inner = gated<Recipe, Width>;
    struct kept : inner::kept {
        given_input<Recipe, hidden> x;

        void place(arena& memory, batch_shape shape) {
            x.place(memory, shape);
            inner::kept::place(memory, shape.tokens());
        }
    };
    struct delta : inner::delta {
        void place(arena& memory, batch_shape shape) {
            inner::delta::place(memory, shape.tokens());
        }
    };
    struct work : inner::work {
        void place(arena& memory, batch_shape shape) { inner::work::place(memory, shape.tokens()); }
    };
    static constexpr bool keeps_input = given_input<Recipe, hidden>::keeps_view;

    static void forward(auto on, const pass_of<Recipe>&, activations<Recipe> y,
                        read_activations<Recipe> x, const auto& weights, kept& k, work& w) {
        const int first[] = {0, x.count};
        k.x.take(on, x);
        op::gated_linear(on, inner::forward(k, w, k.x.read(nullptr), weights.gate.all(),
                                            weights.up.all(), nullptr, {first, 1}));
        op::linear(on, y, inner::h(k, w, x.count), weights.down.one());
    }
    // The same numbers as the input had on the way there, in another place.
    static void input_again(kept& k, read_activations<Recipe> x) { k.x.x = x; }

    static void backward_input(auto on, const pass_of<Recipe>&, activations<Recipe> dx,
                               read_activations<Recipe> dy, const auto& weights, kept& k, delta& d,
                               work&) {
        const int tokens = dy.count, first[] = {0, tokens};
        op::gated_linear_backward(
            on, inner::backward(k, d, nullptr, dy, weights.down.all(), nullptr, {first, 1}));
        op::linear_backward_input(on, dx, op::way_back{d.gate.part(0, tokens), weights.gate.one()},
                                  op::way_back{d.up.part(0, tokens), weights.up.one()});
    }
    // x: what the products read of this layer's input
    static void weight_gradients(auto on, read_activations<Recipe> dy, auto x,
                                 const typename inner::kept& k, const typename inner::delta& d,
                                 auto& gradients) {
        const int tokens = dy.count;
        op::linear_backward_weight(on, gradients.down.view(), dy, inner::h(k, d, tokens));
        op::linear_backward_weight(on, gradients.gate.view(), d.gate.part(0, tokens), x);
        op::linear_backward_weight(on, gradients.up.view(), d.up.part(0, tokens), x);
    }
    static void backward_weight(auto on, const pass_of<Recipe>&, read_activations<Recipe> dy,
                                const kept& k, const delta& d, auto& gradients) {
        weight_gradients(on, dy, k.x.read(), k, d, gradients);
    }
};

}  // namespace moe
