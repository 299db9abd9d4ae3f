// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/core/name.hpp>

constexpr moe::name layers("model.layers.");
static_assert(layers.with(61).with(".mlp").text() == "model.layers.61.mlp");

TEST_CASE("the star of a stack becomes the index, a name without one stays") {
    CHECK(moe::name("experts.*.gate_proj.weight").member(137).text() ==
          "experts.137.gate_proj.weight");
    CHECK(moe::name("experts.*").member(0).text() == "experts.0");
    CHECK(moe::name("gate.weight").member(5).text() == "gate.weight");
}

TEST_CASE("with leaves the shorter name alone") {
    const moe::name prefix("a.");
    const moe::name one = prefix.with("b"), two = prefix.with("c");
    CHECK(prefix.text() == "a.");
    CHECK(one.text() == "a.b");
    CHECK(two.text() == "a.c");
}
