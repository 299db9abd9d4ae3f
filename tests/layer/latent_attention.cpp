// SPDX-License-Identifier: MIT
#include "tests/support/layer_check.hpp"
#include "tests/support/recipes.hpp"

namespace {
struct wide : test::tiny {
    moe::mla attention{
        .heads = 3, .q_rank = 0, .kv_rank = 4, .nope_dim = 2, .rope_dim = 4, .value_dim = 5};
};
}  // namespace

TEST_CASE_TEMPLATE("latent attention's ways back are its derivative", Recipe, test::tiny, wide) {
    using layer = moe::latent_attention<Recipe>;
    for (const moe::batch_shape shape : {moe::batch_shape{2, 4}, moe::batch_shape{1, 1}}) {
        test::layer_under_test<layer, Recipe> one(shape, 8, 8, 3);
        one.rotate(moe::of<Recipe>.attention.rope_dim);
        one.check();
    }
}

TEST_CASE("latent attention with a cache gives the same as the whole sequence at once") {
    using layer = moe::latent_attention<test::tiny>;
    test::layer_under_test<layer, test::tiny> whole({1, 6}, 8, 8, 3), piecewise({1, 6}, 8, 8, 3);
    whole.rotate(2);
    piecewise.rotate(2);
    whole.forward();
    int position = 0;
    for (const int tokens : {2, 1, 1, 2}) {
        piecewise.pass.shape = {1, tokens};
        piecewise.pass.position = position;
        layer::forward(moe::reference{}, piecewise.pass, piecewise.y.view().part(position, tokens),
                       piecewise.x.view().part(position, tokens), piecewise.weights, piecewise.kept,
                       piecewise.work);
        position += tokens;
    }
    CHECK(test::same_bits(whole.y, piecewise.y));
}
