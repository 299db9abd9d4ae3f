// SPDX-License-Identifier: MIT
// The feed-forward layer of a mixture block: the experts, and the slot beside them if the recipe
// has one.
#pragma once

#include <moe/layer/experts.hpp>
#include <moe/layer/slot.hpp>

namespace moe {

template <class Recipe> struct experts_with_slot {
    using inner = experts_layer<Recipe>;
    using beside = slot_layer<Recipe>;
    static constexpr bool keeps_input = inner::keeps_input;

    template <template <spec> class Slot> struct state : inner::template state<Slot> {
        typename beside::template state<Slot> slot;

        static constexpr void each(const name& prefix, auto&& visit, auto&... s) {
            inner::template state<Slot>::each(prefix, visit, s...);
            beside::template state<Slot>::each(prefix, visit, s.slot...);
        }
    };
    static_assert(lists_every_field<state>());

    struct kept : inner::kept {
        typename beside::kept slot;

        void place(arena& memory, batch_shape shape) {
            inner::kept::place(memory, shape);
            slot.place(memory, shape);
        }
    };
    struct delta : inner::delta {
        typename beside::delta slot;

        void place(arena& memory, batch_shape shape) {
            inner::delta::place(memory, shape);
            slot.place(memory, shape);
        }
    };
    // The two take turns.
    struct work : inner::work {
        typename beside::work slot;

        void place(arena& memory, batch_shape shape) {
            memory.overlap([&] { inner::work::place(memory, shape); },
                           [&] { slot.place(memory, shape); });
        }
    };

    static void forward(auto on, const pass_of<Recipe>& pass, activations<Recipe> y,
                        read_activations<Recipe> x, const auto& weights, kept& k, work& w) {
        inner::forward(on, pass, y, x, weights, k, w);
        beside::add_forward(on, y, x, weights.slot, k.slot, w.slot);
    }
    static void input_again(kept& k, read_activations<Recipe> x) {
        inner::input_again(k, x);
        beside::input_again(k.slot, x);
    }
    static void backward_input(auto on, const pass_of<Recipe>& pass, activations<Recipe> dx,
                               read_activations<Recipe> dy, const auto& weights, kept& k, delta& d,
                               work& w) {
        inner::backward_input(on, pass, dx, dy, weights, k, d, w);
        beside::add_backward_input(on, dx, dy, weights.slot, k.slot, d.slot, w.slot);
    }
    static void backward_weight(auto on, const pass_of<Recipe>& pass, read_activations<Recipe> dy,
                                const kept& k, const delta& d, auto& gradients) {
        if constexpr (trains<gradients_of<inner, Recipe>>)
            inner::backward_weight(on, pass, dy, k, d, gradients);
        if constexpr (trains<decltype(gradients.slot)>)
            beside::backward_weight(on, dy, k.slot, d.slot, gradients.slot);
    }
};

template <class Recipe>
using mixture =
    std::conditional_t<(sizes<Recipe>::slot > 0), experts_with_slot<Recipe>, experts_layer<Recipe>>;

}  // namespace moe
