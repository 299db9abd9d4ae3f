// SPDX-License-Identifier: MIT
// 'Count' layers of one type, one behind the other: a loop at run time, so the layer is compiled
// once. Every layer's output is kept; deltas and work serve all of them, because each layer's
// weights take their turn right after its input.
#pragma once

#include <moe/layer/types.hpp>

#include <array>

namespace moe {

template <class Recipe, class Layer, int Count, int Width> struct repeat {
    // Parameters are numbered from 'First' on: model.layers.3.self_attn...
    template <template <spec> class Slot> struct state {
        std::array<typename Layer::template state<Slot>, std::size_t(Count)> layer;

        static constexpr void each_from(int first, const name& prefix, auto&& visit, auto&... s) {
            for (std::size_t i = 0; i < std::size_t(Count); ++i)
                Layer::template state<Slot>::each(prefix.with(first + int(i)).with("."), visit,
                                                  s.layer[i]...);
        }
        static constexpr void each(const name& prefix, auto&& visit, auto&... s) {
            each_from(0, prefix, visit, s...);
        }
    };
    struct kept {
        std::array<typename Layer::kept, std::size_t(Count)> layer;
        std::array<activations<Recipe>, std::size_t(Count)> output;

        void place(arena& memory, batch_shape shape) {
            for (std::size_t i = 0; i < std::size_t(Count); ++i) {
                layer[i].place(memory, shape);
                output[i] = memory.take_rows<activation_of<Recipe>>(shape.tokens(), Width);
            }
        }
    };
    struct delta {
        typename Layer::delta layer;
        activations<Recipe> even, odd;  // gradients of neighbouring seams take turns

        void place(arena& memory, batch_shape shape) {
            layer.place(memory, shape);
            even = memory.take_rows<activation_of<Recipe>>(shape.tokens(), Width);
            odd = memory.take_rows<activation_of<Recipe>>(shape.tokens(), Width);
        }
    };
    using work = typename Layer::work;

    // Returns the last layer's output.
    static read_activations<Recipe> forward(auto on, const pass_of<Recipe>& pass,
                                            read_activations<Recipe> x, const auto& weights,
                                            kept& k, work& w) {
        for (std::size_t i = 0; i < std::size_t(Count); ++i) {
            const auto y = k.output[i].part(0, x.count);
            Layer::forward(on, pass, y, x, weights.layer[i], k.layer[i], w);
            x = y;
        }
        return x;
    }
    // Both ways back, layer by layer; returns the gradient of the first layer's input.
    static read_activations<Recipe> backward(auto on, const pass_of<Recipe>& pass,
                                             read_activations<Recipe> dy, const auto& weights,
                                             kept& k, delta& d, work& w, auto& gradients) {
        for (std::size_t i = std::size_t(Count); i-- > 0;) {
            const auto dx = (i % 2 == 0 ? d.even : d.odd).part(0, dy.count);
            Layer::backward_input(on, pass, dx, dy, weights.layer[i], k.layer[i], d.layer, w);
            if constexpr (trains<decltype(gradients.layer[i])>)
                Layer::backward_weight(on, pass, dy, k.layer[i], d.layer, gradients.layer[i]);
            dy = dx;
        }
        return dy;
    }
    // visit(what each layer has): kept, or a state.
    static void each_layer(auto& all, auto&& visit) {
        for (auto& one : all.layer) visit(one);
    }
};

}  // namespace moe
