// SPDX-License-Identifier: MIT
#include "tests/support/recipes.hpp"

#include <doctest/doctest.h>

namespace {
struct grouped : test::tiny {
    moe::gqa attention{.heads = 2, .kv_heads = 1, .head_dim = 4};
};
}  // namespace

TEST_CASE("the policy in the slot chooses the layer") {
    CHECK(std::is_same_v<moe::attention_of<test::tiny>, moe::latent_attention<test::tiny>>);
    CHECK(std::is_same_v<moe::attention_of<grouped>, moe::grouped_query_attention<grouped>>);
}
