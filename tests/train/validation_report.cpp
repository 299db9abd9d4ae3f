// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/train/validation_report.hpp>

TEST_CASE("a look at no text knows nothing, and an even load is what a model without experts has") {
    const moe::validation_report none;
    CHECK(none.load.max_violation == 0);
    CHECK(none.load.entropy == 1);
    CHECK(none.routing.layers.empty());
    CHECK(none.routing.dead() == 0);
    CHECK(std::isnan(none.routing.purity()));
}
