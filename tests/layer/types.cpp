// SPDX-License-Identifier: MIT
#include "tests/support/recipes.hpp"

#include <doctest/doctest.h>

namespace {
// Plain weights in single precision, router and gains in double.
struct mixed_policy : moe::fp32 {
    using precise = double;
};
struct mixed : test::tiny {
    mixed_policy precision{};
};
}  // namespace

TEST_CASE("a recipe's number types follow its precision policy, tensor by tensor") {
    using layer = moe::experts_layer<mixed>;
    using weights = moe::weights_of<layer, mixed>;
    CHECK(std::is_same_v<moe::number_of<decltype(weights::gate)>, float>);
    CHECK(std::is_same_v<moe::number_of<decltype(weights::router)>, double>);
    CHECK(std::is_same_v<moe::activation_of<mixed>, float>);
    CHECK(std::is_same_v<moe::precise_of<mixed>, double>);
    moe::arena counts;
    moe::nothing().place(counts, {2, 3});
    CHECK(counts.bytes() == 0);
}
