// SPDX-License-Identifier: MIT
// RMSNorm (Zhang and Sennrich 2019) with a gain, over the last Width numbers of a row.
#pragma once

#include <moe/layer/types.hpp>

namespace moe {

template <class Recipe, int Width> struct norm {
    using precise = precise_of<Recipe>;
    static constexpr bool is_cheap = true;  // computing it again costs less than memory

    template <template <spec> class Slot> struct state {
        Slot<spec{.columns = Width, .start = start::one, .decays = false, .precise = true}> weight;

        static constexpr void each(const name& prefix, auto&& visit, auto&... s) {
            visit(prefix.with("weight"), s.weight...);
        }
    };
    static_assert(lists_every_field<state>());

    struct kept {
        read_activations<Recipe> x;
        precise* scale = nullptr;  // (tokens): 1 / root mean square

        void place(arena& memory, batch_shape shape) {
            scale = memory.take<precise>(shape.tokens());
        }
    };
    using delta = nothing;
    using work = nothing;

    static void forward(auto on, const pass_of<Recipe>&, activations<Recipe> y,
                        read_activations<Recipe> x, const auto& weights, kept& k, work&) {
        k.x = x;
        op::rms_norm(on, y, k.scale, x, weights.weight.at, precise(epsilon()));
    }
    static void backward_input(auto on, const pass_of<Recipe>&, activations<Recipe> dx,
                               read_activations<Recipe> dy, const auto& weights, kept& k, delta&,
                               work&) {
        op::rms_norm_backward_input(on, dx, dy, k.x, k.scale, weights.weight.at);
    }
    static void backward_weight(auto on, const pass_of<Recipe>&, read_activations<Recipe> dy,
                                const kept& k, const delta&, auto& gradients) {
        op::rms_norm_backward_weight(on, gradients.weight.view(), dy, k.x, k.scale);
    }

    static constexpr double epsilon() { return of<Recipe>.model.norm_epsilon; }
};

}  // namespace moe
