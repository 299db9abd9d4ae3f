// SPDX-License-Identifier: MIT
// y = x + Layer(x), and dx = dy + Layer'(dy).
#pragma once

#include <moe/layer/types.hpp>

namespace moe {

template <class Recipe, class Layer> struct residual : Layer {
    using kept = typename Layer::kept;
    using delta = typename Layer::delta;
    using work = typename Layer::work;

    static void forward(auto on, const pass_of<Recipe>& pass, activations<Recipe> y,
                        read_activations<Recipe> x, const auto& weights, kept& k, work& w) {
        Layer::forward(on, pass, y, x, weights, k, w);
        op::add(on, y, x);
    }
    static void backward_input(auto on, const pass_of<Recipe>& pass, activations<Recipe> dx,
                               read_activations<Recipe> dy, const auto& weights, kept& k, delta& d,
                               work& w) {
        Layer::backward_input(on, pass, dx, dy, weights, k, d, w);
        op::add(on, dx, dy);
    }
};

}  // namespace moe
