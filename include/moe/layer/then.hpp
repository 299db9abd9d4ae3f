// SPDX-License-Identifier: MIT
// One layer behind another: y = Second(First(x)). The seam between them is kept on the way there,
// and its gradient on the way back, so the weights' turn may come any time later. A seam that
// nobody reads on the way back is not kept, nor one that a policy wants computed again from a cheap
// First.
#pragma once

#include <moe/layer/types.hpp>

namespace moe {

namespace detail {
// A layer may say that it keeps no view of its input for the way back.
template <class Layer> consteval bool keeps_input() {
    if constexpr (requires { Layer::keeps_input; })
        return Layer::keeps_input;
    else
        return true;
}
// And a cheap one that its output may be computed again.
template <class Recipe, class First, class Second> consteval bool computes_again() {
    if constexpr (requires {
                      of<Recipe>.precision.recompute_norms;
                      First::is_cheap;
                  })
        return keeps_input<Second>() && of<Recipe>.precision.recompute_norms;
    else
        return false;
}
}  // namespace detail

template <class Recipe, class First, class Second, int Seam> struct then {
    static constexpr bool again = detail::computes_again<Recipe, First, Second>();
    static constexpr bool keeps_seam = detail::keeps_input<Second>() && !again;

    static void place_seam(activations<Recipe>& seam, arena& memory, batch_shape shape) {
        seam = memory.take_rows<activation_of<Recipe>>(shape.tokens(), Seam);
    }

    template <template <spec> class Slot> struct state {
        typename First::template state<Slot> first;
        typename Second::template state<Slot> second;

        static constexpr void each(const name& prefix, auto&& visit, auto&... s) {
            First::template state<Slot>::each(prefix, visit, s.first...);
            Second::template state<Slot>::each(prefix, visit, s.second...);
        }
    };
    struct kept {
        typename First::kept first;
        activations<Recipe> seam;
        typename Second::kept second;

        void place(arena& memory, batch_shape shape) {
            first.place(memory, shape);
            if constexpr (keeps_seam) place_seam(seam, memory, shape);
            second.place(memory, shape);
        }
    };
    struct delta {
        typename First::delta first;
        activations<Recipe> seam, seam_again;
        typename Second::delta second;

        void place(arena& memory, batch_shape shape) {
            first.place(memory, shape);
            place_seam(seam, memory, shape);
            if constexpr (again) place_seam(seam_again, memory, shape);
            second.place(memory, shape);
        }
    };
    struct work {
        typename First::work first;
        activations<Recipe> seam;
        typename Second::work second;

        void place(arena& memory, batch_shape shape) {
            if constexpr (!keeps_seam) place_seam(seam, memory, shape);
            memory.overlap([&] { first.place(memory, shape); },
                           [&] { second.place(memory, shape); });
        }
    };

    static void forward(auto on, const pass_of<Recipe>& pass, activations<Recipe> y,
                        read_activations<Recipe> x, const auto& weights, kept& k, work& w) {
        const auto seam = (keeps_seam ? k.seam : w.seam).part(0, x.count);
        First::forward(on, pass, seam, x, weights.first, k.first, w.first);
        Second::forward(on, pass, y, seam, weights.second, k.second, w.second);
    }
    static void backward_input(auto on, const pass_of<Recipe>& pass, activations<Recipe> dx,
                               read_activations<Recipe> dy, const auto& weights, kept& k, delta& d,
                               work& w) {
        const auto dseam = d.seam.part(0, dy.count);
        if constexpr (again) {
            const auto seam = d.seam_again.part(0, dy.count);
            First::forward(on, pass, seam, k.first.x, weights.first, k.first, w.first);
            Second::input_again(k.second, seam);
        }
        Second::backward_input(on, pass, dseam, dy, weights.second, k.second, d.second, w.second);
        First::backward_input(on, pass, dx, dseam, weights.first, k.first, d.first, w.first);
    }
    static void backward_weight(auto on, const pass_of<Recipe>& pass, read_activations<Recipe> dy,
                                const kept& k, const delta& d, auto& gradients) {
        if constexpr (trains<decltype(gradients.second)>)
            Second::backward_weight(on, pass, dy, k.second, d.second, gradients.second);
        if constexpr (trains<decltype(gradients.first)>)
            First::backward_weight(on, pass, d.seam.part(0, dy.count), k.first, d.first,
                                   gradients.first);
    }
};

}  // namespace moe
