// SPDX-License-Identifier: MIT
#include "tests/support/layer_check.hpp"
#include "tests/support/recipes.hpp"

#include <moe/layer/mixture.hpp>

namespace {
// The slot alone, as a layer of its own: y = what it adds to nothing.
template <class Recipe> struct only_slot : moe::slot_layer<Recipe> {
    using slot = moe::slot_layer<Recipe>;
    static void forward(auto on, const auto&, moe::activations<Recipe> y,
                        moe::read_activations<Recipe> x, const auto& weights, auto& k, auto& w) {
        for (int t = 0; t < y.count; ++t)
            for (int j = 0; j < y.width; ++j) y(t, j) = 0;
        slot::add_forward(on, y, x, weights, k, w);
    }
    static void backward_input(auto on, const auto&, moe::activations<Recipe> dx,
                               moe::read_activations<Recipe> dy, const auto& weights, auto& k,
                               auto& d, auto& w) {
        for (int t = 0; t < dx.count; ++t)
            for (int j = 0; j < dx.width; ++j) dx(t, j) = 0;
        slot::add_backward_input(on, dx, dy, weights, k, d, w);
    }
    static void backward_weight(auto on, const auto&, moe::read_activations<Recipe> dy,
                                const auto& k, const auto& d, auto& gradients) {
        slot::backward_weight(on, dy, k, d, gradients);
    }
};
struct three : test::tiny {
    moe::experts ffn{.routed = 6,
                     .shared = 1,
                     .intermediate = 5,
                     .dense_layers = 1,
                     .dense_intermediate = 7,
                     .slot = 3};
};
}  // namespace

TEST_CASE("the slot's ways back are its derivative") {
    for (const moe::batch_shape shape : {moe::batch_shape{2, 5}, moe::batch_shape{1, 1}}) {
        test::layer_under_test<only_slot<three>, three> one(shape, 8, 8, 7);
        for (int j = 0; j < 3; ++j) one.weights.bias.at[j] = 0.3 * (j - 1);
        one.forward();
        one.check();
    }
}

TEST_CASE("a token gets the expert of the largest positive logit, or none") {
    const int tokens = 12;
    test::layer_under_test<only_slot<three>, three> one({1, tokens}, 8, 8, 3);
    for (int j = 0; j < 3; ++j) one.weights.bias.at[j] = -0.4;
    one.forward();
    int with = 0;
    for (int t = 0; t < tokens; ++t) {
        double most = 0;
        int best = -1;
        for (int j = 0; j < 3; ++j) {
            double z = one.weights.bias.at[j];
            for (int i = 0; i < 8; ++i) z += one.weights.router.view()(j, i) * one.x(t, i);
            if (z > most) best = j, most = z;
        }
        CHECK(one.kept.plan.chosen[t] == best);
        with += best >= 0;
        double size = 0;
        for (int j = 0; j < 8; ++j) size += std::abs(one.y(t, j));
        CHECK((size > 0) == (best >= 0));
    }
    CHECK(with > 0);
    CHECK(with < tokens);
}

TEST_CASE("an expert whose output matrix is zero adds exactly nothing") {
    test::layer_under_test<moe::mixture<three>, three> with({2, 5}, 8, 8, 5);
    test::layer_under_test<moe::experts_layer<three>, three> without({2, 5}, 8, 8, 5);
    for (int i = 0; i < 3 * 8; ++i)
        for (int j = 0; j < 5; ++j) with.weights.slot.down.view()(i, j) = 0;
    with.forward(), without.forward();
    CHECK(with.kept.slot.plan.by_expert().rows() > 0);
    CHECK(test::same_bits(with.y, without.y));
}
