// SPDX-License-Identifier: MIT
#include "tests/support/small.hpp"

#include <doctest/doctest.h>
#include <moe/train/load_model.hpp>
#include <moe/train/score.hpp>
#include <moe/train/training_run.hpp>

namespace {
struct wider : test::small {
    moe::experts ffn{
        .routed = 8, .shared = 1, .intermediate = 28, .dense_layers = 1, .dense_intermediate = 48};
};
}  // namespace

TEST_CASE("a run folder stands for its newest checkpoint") {
    const test::folder in;
    test::put_domains(in);
    moe::quiet observer;
    moe::training_run<test::small> run(test::small_settings(in), observer);
    run.fit(observer);
    const auto model = moe::load_model<test::small>(in / "run", 2);
    CHECK(test::has(model.folder, "step-"));
    std::vector<int> text(33);
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = int('a' + i % 5);
    CHECK(moe::score(*model.network, text).nats == moe::score(run.trainer().network(), text).nats);
    CHECK(model.words.is_bytes());

    // The checkpoint itself, too; and another recipe is refused by its first field that differs.
    CHECK(moe::load_model<test::small>(model.folder, 1).folder == model.folder);
    const std::string words = test::error_of([&] { moe::load_model<wider>(in / "run", 1); });
    CHECK(test::has(words, "ffn.intermediate is 24 there and 28 here"));
    CHECK(test::error_of([&] { moe::load_model<test::small>(in / "nowhere", 1); }).size() > 0);
}
