// SPDX-License-Identifier: MIT
#include <moe/recipe/transformer.hpp>

#include <doctest/doctest.h>

TEST_CASE("the defaults that users rely on") {
    const moe::transformer model;
    CHECK(model.rope_base == 10000);
    CHECK(model.rope_scaling.factor == 1);
    CHECK(model.norm_epsilon == 1e-6);
    CHECK_FALSE(model.tied_embeddings);
    CHECK(model.initial_deviation == 0.02);
    CHECK(model.mtp_depth == 0);
    CHECK(model.mtp_weight == 0.3);
}

TEST_CASE("sizes have no default: 0 is refused by 'checked'") {
    const moe::transformer model;
    CHECK(model.vocab == 0);
    CHECK(model.context == 0);
    CHECK(model.layers == 0);
    CHECK(model.hidden == 0);
}

TEST_CASE("a model of one's own needs the fields that layers read") {
    struct own : moe::transformer {
        int extra = 3;
    };
    struct too_little {
        int vocab, context, layers, hidden;
    };
    CHECK(moe::model_policy<own>);
    CHECK_FALSE(moe::model_policy<too_little>);
}
