// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/train/step_report.hpp>

#include <utility>

TEST_CASE("load is the mean over layers, dead experts of all of them") {
    moe::routing_counts counts(2, 4);
    for (int e = 0; e < 4; ++e) counts.layer(0)[e] = 5;
    counts.layer(1)[2] = 20;
    const moe::expert_load load = counts.load();
    CHECK(load.max_violation == doctest::Approx((0 + 3) / 2.0));
    CHECK(load.dead == 3);
    CHECK(load.entropy == doctest::Approx(0.5));

    moe::routing_counts more(2, 4);
    more.layer(1)[0] = 7;
    counts.add(more);
    CHECK(std::as_const(counts).layer(1)[0] == 7);
    CHECK(counts.load().dead == 2);
    counts.clear();
    CHECK(counts.load().dead == 8);
}

TEST_CASE("a model without mixture layers is in perfect balance") {
    const moe::expert_load load = moe::routing_counts().load();
    CHECK(load.max_violation == 0);
    CHECK(load.dead == 0);
    CHECK(load.entropy == 1);
}
