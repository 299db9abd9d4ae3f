// SPDX-License-Identifier: MIT
#include "tests/support/layer_check.hpp"
#include "tests/support/recipes.hpp"

using layer = moe::named<"outer", moe::named<"inner", moe::norm<test::tiny, 8>>>;

TEST_CASE("names nest, and change nothing else") {
    test::layer_under_test<layer, test::tiny> one({1, 3}, 8, 8, 1), plain({1, 3}, 8, 8, 1);
    one.check();
    std::string found;
    decltype(one.weights)::each(
        moe::name("model."),
        [&](const moe::name& of_field, auto&) { found = std::string(of_field.text()); },
        one.weights);
    CHECK(found == "model.outer.inner.weight");
}
