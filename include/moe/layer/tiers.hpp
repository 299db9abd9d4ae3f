// SPDX-License-Identifier: MIT
// Layers behind each other of which the first and the last ones stay in higher precision, because
// the policy in the slot 'precision' says so. They are the same layers under another policy, and
// their weights say 'high' in their spec.
#pragma once

#include <moe/layer/repeat.hpp>

namespace moe {

// The recipe of a layer that multiplies in bfloat16 in a network that otherwise does not.
template <class Recipe> struct in_bfloat16 : Recipe {
    bf16 precision{.gradients = of<Recipe>.precision.gradients,
                   .copies = detail::keeps_across<Recipe>() ? 2 : 1};
};

// A layer whose weights are high.
template <class Layer> struct high : Layer {
    template <template <spec> class Slot> struct raised {
        static constexpr spec up(spec s) {
            s.high = true;
            return s;
        }
        template <spec S> using type = Slot<up(S)>;
    };
    template <template <spec> class Slot>
    using state = typename Layer::template state<raised<Slot>::template type>;
};

// 'First' layers of type High, then of type Layer, 'Last' ones of type High; 'Count' in all.
template <class Recipe, class High, class Layer, int First, int Count, int Last, int Width>
struct tiers {
    using first_part = repeat<Recipe, High, First, Width>;
    using middle_part = repeat<Recipe, Layer, Count - First - Last, Width>;
    using last_part = repeat<Recipe, High, Last, Width>;

    template <template <spec> class Slot> struct state {
        typename first_part::template state<Slot> first;
        typename middle_part::template state<Slot> middle;
        typename last_part::template state<Slot> last;

        static constexpr void each_from(int number, const name& prefix, auto&& visit, auto&... s) {
            first_part::template state<Slot>::each_from(number, prefix, visit, s.first...);
            middle_part::template state<Slot>::each_from(number + First, prefix, visit,
                                                         s.middle...);
            last_part::template state<Slot>::each_from(number + Count - Last, prefix, visit,
                                                       s.last...);
        }
        static constexpr void each(const name& prefix, auto&& visit, auto&... s) {
            each_from(0, prefix, visit, s...);
        }
    };
    struct kept {
        typename first_part::kept first;
        typename middle_part::kept middle;
        typename last_part::kept last;

        void place(arena& memory, batch_shape shape) {
            first.place(memory, shape);
            middle.place(memory, shape);
            last.place(memory, shape);
        }
    };
    struct delta {
        typename first_part::delta first;
        typename middle_part::delta middle;
        typename last_part::delta last;

        // The last layers are done with theirs when the first ones begin, unless they are
        // neighbours.
        void place(arena& memory, batch_shape shape) {
            const auto place_first = [&] {
                if constexpr (First > 0) first.place(memory, shape);
            };
            const auto place_last = [&] {
                if constexpr (Last > 0) last.place(memory, shape);
            };
            if constexpr (Count > First + Last) {
                middle.place(memory, shape);
                memory.overlap(place_first, place_last);
            } else {
                place_first(), place_last();
            }
        }
    };
    struct work {
        typename first_part::work first;
        typename middle_part::work middle;
        typename last_part::work last;

        void place(arena& memory, batch_shape shape) {
            memory.overlap([&] { first.place(memory, shape); },
                           [&] { middle.place(memory, shape); },
                           [&] { last.place(memory, shape); });
        }
    };

    static read_activations<Recipe> forward(auto on, const pass_of<Recipe>& pass,
                                            read_activations<Recipe> x, const auto& weights,
                                            kept& k, work& w) {
        x = first_part::forward(on, pass, x, weights.first, k.first, w.first);
        x = middle_part::forward(on, pass, x, weights.middle, k.middle, w.middle);
        return last_part::forward(on, pass, x, weights.last, k.last, w.last);
    }
    static read_activations<Recipe> backward(auto on, const pass_of<Recipe>& pass,
                                             read_activations<Recipe> dy, const auto& weights,
                                             kept& k, delta& d, work& w, auto& gradients) {
        dy =
            last_part::backward(on, pass, dy, weights.last, k.last, d.last, w.last, gradients.last);
        dy = middle_part::backward(on, pass, dy, weights.middle, k.middle, d.middle, w.middle,
                                   gradients.middle);
        return first_part::backward(on, pass, dy, weights.first, k.first, d.first, w.first,
                                    gradients.first);
    }
    // visit(what each layer has): kept, or a state.
    static void each_layer(auto& all, auto&& visit) {
        first_part::each_layer(all.first, visit);
        middle_part::each_layer(all.middle, visit);
        last_part::each_layer(all.last, visit);
    }
};

namespace detail {
struct high_ends {
    int first = 0, last = 0;
};
// Of 'count' layers of which the first is the network's layer 'begin'.
template <class Recipe> consteval high_ends high_ends_of(int begin, int count) {
    if constexpr (requires { of<Recipe>.precision.high_first_layers; }) {
        const auto within = [&](int layers) {
            return layers < 0 ? 0 : layers > count ? count : layers;
        };
        const int first = within(of<Recipe>.precision.high_first_layers - begin);
        const int behind = of<Recipe>.model.layers - of<Recipe>.precision.high_last_layers;
        const int last = within(begin + count - behind);
        return {first, first + last > count ? count - first : last};
    } else {
        return {};
    }
}
template <class Recipe, template <class> class Block, int Begin, int Count, int Width>
constexpr auto layers_from() {
    constexpr high_ends ends = high_ends_of<Recipe>(Begin, Count);
    if constexpr (ends.first + ends.last > 0)
        return std::type_identity<tiers<Recipe, high<Block<in_bfloat16<Recipe>>>, Block<Recipe>,
                                        ends.first, Count, ends.last, Width>>{};
    else
        return std::type_identity<repeat<Recipe, Block<Recipe>, Count, Width>>{};
}
}  // namespace detail

// The network's layers 'Begin' and on, so many.
template <class Recipe, template <class> class Block, int Begin, int Count, int Width>
using layers_of =
    typename decltype(detail::layers_from<Recipe, Block, Begin, Count, Width>())::type;

}  // namespace moe
