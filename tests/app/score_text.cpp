// SPDX-License-Identifier: MIT
#include <moe/app/score_text.hpp>

#include <tests/support/small.hpp>

#include <doctest/doctest.h>

TEST_CASE("score text: every file of a domain by itself, the whole of it, and all its choices") {
    const test::folder in;
    test::put_domains(in);
    moe::loaded_model<test::small> model;
    model.network = std::make_unique<moe::network<test::small>>(
        moe::batch_shape{1, 32}, moe::network_settings{.threads = 2, .trains = false});
    model.network->start(1);
    const auto scored = moe::score_text(model, in / "text", "", true);
    REQUIRE(scored.domains.size() == 2);
    const auto one = moe::score_text(model, in / "text/rivers/one.txt", "", false);
    const auto two = moe::score_text(model, in / "text/rivers/two.txt", "", false);
    CHECK(one.domains[0].domain == "one.txt");
    CHECK(one.domains[0].bytes == 3999);
    CHECK(scored.domains[0].tokens == one.total().tokens + two.total().tokens);
    CHECK(scored.domains[0].nats == one.total().nats + two.total().nats);
    CHECK(one.routing.layers.empty());
    CHECK(scored.routing.tokens == 4000 + 2000 + 4000 + 1333);
    CHECK_THROWS_AS(moe::score_text(model, in / "text", in / "logits", false), moe::usage_error);
    test::put(in / "short.txt", "a");
    CHECK_THROWS_WITH_AS(
        moe::score_text(model, in / "short.txt", "", false),
        (in / "short.txt" + ": expected a text of at least two tokens, found 1").c_str(),
        moe::error);
}
