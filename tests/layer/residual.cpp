// SPDX-License-Identifier: MIT
#include "tests/support/layer_check.hpp"
#include "tests/support/recipes.hpp"

using layer = moe::residual<test::tiny, moe::swiglu<test::tiny, 7>>;

TEST_CASE("a residual layer's ways back are its derivative") {
    test::layer_under_test<layer, test::tiny>({2, 3}, 8, 8, 1).check();
}

TEST_CASE("a layer that gives zero leaves its input as it is") {
    test::layer_under_test<layer, test::tiny> one({1, 4}, 8, 8, 1);
    test::fill(one.weights.down.view(), 0.0);
    one.forward();
    CHECK(test::same_bits(one.x, one.y));
}
