// SPDX-License-Identifier: MIT
#include "tests/support/layer_check.hpp"
#include "tests/support/recipes.hpp"

TEST_CASE("a norm's ways back are its derivative") {
    using layer = moe::norm<test::tiny, 8>;
    test::layer_under_test<layer, test::tiny> one({2, 3}, 8, 8, 1);
    one.check();
}

TEST_CASE("a norm of no tokens is nothing") {
    using layer = moe::norm<test::tiny, 8>;
    test::layer_under_test<layer, test::tiny> none({0, 3}, 8, 8, 1);
    none.forward();
    none.backward();
    CHECK(none.gradients.weight.at[0] == 0);
}
