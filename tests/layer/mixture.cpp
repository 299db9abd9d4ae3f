// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/layer/mixture.hpp>

#include "tests/support/layer_check.hpp"
#include "tests/support/recipes.hpp"

namespace {
struct slotted : test::tiny {
    test::frozen<moe::sigmoid_top_k> routing{
        {.active = 2, .groups = 3, .kept_groups = 2, .scale = 2.5}};
    moe::experts ffn{.routed = 6,
                     .shared = 1,
                     .intermediate = 5,
                     .dense_layers = 1,
                     .dense_intermediate = 7,
                     .slot = 2};
};
}  // namespace

TEST_CASE("a mixture with a slot has the derivative as its ways back") {
    using policy = std::remove_const_t<decltype(slotted::routing)>;
    test::layer_under_test<moe::mixture<slotted>, slotted> one({2, 4}, 8, 8, 5);
    policy::holds = false;
    one.forward();
    policy::holds = true;
    one.check();
    policy::holds = false;
}

TEST_CASE("a recipe without a slot has the plain mixture") {
    CHECK(std::is_same_v<moe::mixture<test::tiny>, moe::experts_layer<test::tiny>>);
}
