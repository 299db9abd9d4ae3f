// SPDX-License-Identifier: MIT
#include "tests/support/layer_check.hpp"
#include "tests/support/recipes.hpp"

namespace {
struct sigmoid_recipe : test::tiny {
    test::frozen<moe::sigmoid_top_k> routing{
        {.active = 2, .groups = 3, .kept_groups = 2, .scale = 2.5}};
    moe::loss_balance balance{.weight = 0.3};
};
struct plain_sigmoid : sigmoid_recipe {
    test::frozen<moe::sigmoid_top_k> routing{{.active = 3, .renormalise = false}};
};
struct softmax_recipe : sigmoid_recipe {
    test::frozen<moe::softmax_top_k> routing{{.active = 2, .renormalise = true}};
    moe::experts ffn{
        .routed = 6, .shared = 0, .intermediate = 5, .dense_layers = 1, .dense_intermediate = 7};
};
struct plain_softmax : softmax_recipe {
    test::frozen<moe::softmax_top_k> routing{{.active = 2, .scale = 16, .renormalise = false}};
    moe::bias_balance balance{.rate = 0, .sequence_loss = 0.2};
};
// One expert gets everything, five get nothing.
struct lonely : sigmoid_recipe {
    test::frozen<moe::sigmoid_top_k> routing{{.active = 1, .renormalise = false}};
};

template <class Recipe> double balance_of(auto& one) {
    auto& k = one.kept;
    const int tokens = one.shape.tokens();
    std::vector<double> losses(std::size_t(one.shape.sequences));
    moe::balance_loss<moe::of<Recipe>.ffn.routed>(
        moe::reference{}, moe::rows<double>(), losses.data(), k.logits.part(0, tokens),
        k.plan.chosen, one.shape.length, 1.0, moe::of<Recipe>.routing, moe::of<Recipe>.balance);
    double sum = 0;
    for (const double loss : losses) sum += loss;
    return sum * one.pass.sequence_share;
}
}  // namespace

TEST_CASE_TEMPLATE("the mixture's ways back are its derivative, its balance loss included", Recipe,
                   sigmoid_recipe, plain_sigmoid, softmax_recipe, plain_softmax) {
    using layer = moe::experts_layer<Recipe>;
    using policy = std::remove_const_t<decltype(Recipe::routing)>;
    for (const moe::batch_shape shape : {moe::batch_shape{2, 4}, moe::batch_shape{1, 1}}) {
        test::layer_under_test<layer, Recipe> one(shape, 8, 8, 5);
        policy::holds = false;
        one.forward();
        policy::holds = true;
        one.check([](auto& layer) { return balance_of<Recipe>(layer); });
        policy::holds = false;
    }
}

TEST_CASE("experts without a token get no gradient and disturb nobody") {
    using layer = moe::experts_layer<lonely>;
    test::layer_under_test<layer, lonely> one({2, 3}, 8, 8, 5);
    // Positive inputs, and router rows that all of them prefer in the same order.
    for (int t = 0; t < 6; ++t)
        for (int j = 0; j < 8; ++j) one.x(t, j) = std::abs(one.x(t, j)) + 0.1;
    for (int e = 0; e < 6; ++e)
        for (int j = 0; j < 8; ++j) one.weights.router.view()(e, j) = e == 3 ? 1.0 : -1.0;
    one.forward();
    CHECK(one.kept.plan.first[3] == 0);
    CHECK(one.kept.plan.first[4] == 6);
    one.backward();
    CHECK(test::all_finite(one.dx));
    const auto gradient = one.gradients.down.view();
    for (int e = 0; e < 6; ++e) {
        double size = 0;
        for (int i = 0; i < 8; ++i)
            for (int j = 0; j < 5; ++j) size += std::abs(gradient(e * 8 + i, j));
        CHECK((size > 0) == (e == 3));
    }
}

TEST_CASE("a mixture of no tokens is nothing") {
    using layer = moe::experts_layer<sigmoid_recipe>;
    test::layer_under_test<layer, sigmoid_recipe> none({0, 4}, 8, 8, 5);
    none.forward();
    none.backward();
    CHECK(none.kept.plan.by_expert().rows() == 0);
    CHECK(none.gradients.gate.at[0] == 0);
}
