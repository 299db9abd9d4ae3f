// SPDX-License-Identifier: MIT
#include "tests/support/layer_check.hpp"
#include "tests/support/recipes.hpp"

TEST_CASE("a dense feed-forward layer's ways back are its derivative") {
    using layer = moe::swiglu<test::tiny, 7>;
    test::layer_under_test<layer, test::tiny>({2, 3}, 8, 8, 1).check();
    test::layer_under_test<layer, test::tiny>({1, 1}, 8, 8, 2).check();
}

TEST_CASE("it carries the names of published checkpoints") {
    using layer = moe::named<"mlp", moe::swiglu<test::tiny, 7>>;
    moe::weights_of<layer, test::tiny> state;
    std::string names;
    decltype(state)::each(
        moe::name("model.layers.0."),
        [&](const moe::name& of_field, auto&) { names += std::string(of_field.text()) + ' '; },
        state);
    CHECK(names ==
          "model.layers.0.mlp.gate_proj.weight model.layers.0.mlp.up_proj.weight "
          "model.layers.0.mlp.down_proj.weight ");
}
