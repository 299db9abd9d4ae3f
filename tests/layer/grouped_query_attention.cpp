// SPDX-License-Identifier: MIT
#include "tests/support/layer_check.hpp"
#include "tests/support/recipes.hpp"

namespace {
struct grouped : test::tiny {
    moe::gqa attention{.heads = 4, .kv_heads = 2, .head_dim = 4};
};
struct normed : test::tiny {
    moe::gqa attention{.heads = 2, .kv_heads = 1, .head_dim = 6, .qk_norm = true};
};
struct stretched : grouped {
    moe::transformer model{
        .vocab = 17,
        .context = 6,
        .layers = 3,
        .hidden = 8,
        .rope_scaling = {.factor = 4, .original_length = 8, .mscale = 1, .mscale_all_dim = 1}};
};
}  // namespace

TEST_CASE_TEMPLATE("grouped-query attention's ways back are its derivative", Recipe, grouped,
                   normed, stretched) {
    using layer = moe::grouped_query_attention<Recipe>;
    for (const moe::batch_shape shape : {moe::batch_shape{2, 4}, moe::batch_shape{1, 1}}) {
        test::layer_under_test<layer, Recipe> one(shape, 8, 8, 3);
        one.rotate(moe::of<Recipe>.attention.head_dim);
        one.check();
    }
}

TEST_CASE("what a cache holds gives the same as the whole sequence at once") {
    using layer = moe::grouped_query_attention<normed>;
    test::layer_under_test<layer, normed> whole({1, 6}, 8, 8, 3), piecewise({1, 6}, 8, 8, 3);
    whole.rotate(6);
    piecewise.rotate(6);
    whole.forward();
    int position = 0;
    for (const int tokens : {3, 1, 2}) {
        piecewise.pass.shape = {1, tokens};
        piecewise.pass.position = position;
        layer::forward(moe::reference{}, piecewise.pass, piecewise.y.view().part(position, tokens),
                       piecewise.x.view().part(position, tokens), piecewise.weights, piecewise.kept,
                       piecewise.work);
        position += tokens;
    }
    CHECK(test::same_bits(whole.y, piecewise.y));
}
