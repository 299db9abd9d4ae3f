// SPDX-License-Identifier: MIT
// Are a layer's two ways back the derivative of its way there? Generic over every layer type: its
// parameters come from its own list, its buffers are poisoned before anything runs.
#pragma once

#include "tests/support/gradient.hpp"

#include <doctest/doctest.h>
#include <moe/model/parameters.hpp>
#include <moe/precision/fp32.hpp>

#include <memory>
#include <string>

namespace test {

// A layer in double with memory for one shape of batch.
template <class Layer, class Recipe> class layer_under_test {
public:
    using weights_state = moe::weights_of<Layer, Recipe>;
    using gradients_state = moe::gradients_of<Layer, Recipe>;

    layer_under_test(moe::batch_shape shape, int in, int out, std::uint64_t seed,
                     double deviation = 0.4)
        : shape(shape),
          x(random_rows<double>(shape.tokens(), in, seed)),
          pull(random_rows<double>(shape.tokens(), out, seed + 1)),
          y(shape.tokens(), out),
          dx(shape.tokens(), in) {
        place([&](moe::arena& memory) {
            moe::place_weights(weights, memory);
            moe::place_trained(gradients, memory);
            kept.place(memory, shape);
            delta.place(memory, shape);
            work.place(memory, shape);
        });
        weights_state::each(
            moe::name(),
            [&](const moe::name& of_field, auto& field) {
                auto values = field.view();
                fill_random(values, seed + 2 + of_field.text().size() * 31, deviation);
                // Gains around 1, as trained ones are.
                if (values.count == 1)
                    for (int j = 0; j < values.width; ++j) values(0, j) += 1;
            },
            weights);
        gradients_state::each(
            moe::name(),
            [](const moe::name&, auto& field) {
                if (field.at) fill(field.view(), 0.0);
            },
            gradients);
        pass.shape = shape;
        pass.sequence_share = shape.sequences > 0 ? 1.0 / shape.sequences : 0;
    }

    void rotate(int dim) {
        angles.resize(std::size_t(shape.length) * std::size_t(dim));
        moe::op::rope_table(angles.data(), shape.length, dim, 10000.0);
        pass.angles = {angles.data(), dim};
    }
    void forward() {
        Layer::forward(moe::reference{}, pass, y.view(), x.view(), weights, kept, work);
    }
    // Weights may take their turn any time later: work is poisoned in between.
    void backward() {
        Layer::backward_input(moe::reference{}, pass, dx.view(), pull.view(), weights, kept, delta,
                              work);
        Layer::backward_weight(moe::reference{}, pass, pull.view(), kept, delta, gradients);
    }

    // extra(layer): what the loss holds beside pull . y.
    template <class Extra> void check(const Extra& extra) {
        const auto value = [&] {
            forward();
            return inner_product(pull.view(), y.view()) + extra(*this);
        };
        value();
        backward();
        CHECK(all_finite(y));
        CHECK(x.intact());
        CHECK(y.intact());
        CHECK(dx.intact());
        CHECK(gradient_error(x.view(), dx.view(), value) < 1e-7);
        weights_state::each(
            moe::name(),
            [&](const moe::name& of_field, auto& weight, auto& gradient) {
                if constexpr (moe::spec_of<decltype(weight)>.trained &&
                              moe::spec_of<decltype(weight)>.count() > 0) {
                    INFO(std::string(of_field.text()));
                    CHECK(gradient_error(weight.view(), gradient.view(), value) < 1e-7);
                }
            },
            weights, gradients);
    }
    void check() {
        check([](auto&) { return 0.0; });
    }

    moe::batch_shape shape;
    moe::pass_of<Recipe> pass;
    guarded<double> x, pull, y, dx;
    weights_state weights;
    gradients_state gradients;
    typename Layer::kept kept;
    typename Layer::delta delta;
    typename Layer::work work;

private:
    template <class Place> void place(const Place& all) {
        moe::arena counts;
        all(counts);
        memory_.assign(counts.bytes() / sizeof(double) + 8, poison<double>());
        void* at = memory_.data();
        std::size_t space = memory_.size() * sizeof(double);
        std::align(moe::arena::alignment, counts.bytes(), at, space);
        moe::arena memory(at, space);
        all(memory);
        CHECK(memory.bytes() == counts.bytes());
    }
    std::vector<double> memory_, angles;
};

}  // namespace test
