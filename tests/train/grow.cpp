// SPDX-License-Identifier: MIT
#include "tests/support/small.hpp"

#include <doctest/doctest.h>
#include <moe/train/grow.hpp>
#include <moe/train/load_model.hpp>
#include <moe/train/score.hpp>

namespace {
// Text of a third domain, and the model that knows the first two.
struct grown : test::small {
    using grows = test::small;
    moe::experts ffn{.routed = 8,
                     .shared = 1,
                     .intermediate = 24,
                     .dense_layers = 1,
                     .dense_intermediate = 48,
                     .slot = 1};
    moe::adamw optimizer{.decay = 0};
};

moe::grow_settings grow_settings_in(const test::folder& in, std::int64_t steps,
                                    std::string_view domain = "clouds") {
    moe::grow_settings s;
    s.model = in / "run";
    s.data = test::put(in / (std::string("new/") + std::string(domain) + "/one.txt"),
                       test::chain_text(domain == "clouds" ? 7 : 8, 6000));
    s.data = s.data.substr(0, s.data.rfind('/'));
    s.replay = in / "text";
    s.out = in / domain;
    s.steps = steps;
    s.batch = 8 * 32;
    s.warmup = 2;
    s.captured_new = 500, s.captured_old = 300;
    s.threads = 2;
    s.validation_windows = 4;
    return s;
}
void train_base(const test::folder& in) {
    test::put_domains(in);
    moe::quiet observer;
    moe::settings s = test::small_settings(in);
    s.steps = 40;
    moe::training_run<test::small>(s, observer).fit(observer);
}
template <class Recipe> std::vector<float> logits_of(const std::string& folder) {
    const auto model = moe::load_model<Recipe>(folder, 2);
    std::vector<int> text(70);
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = int('a' + i * i % 23);
    std::vector<float> logits(text.size() * 256);
    moe::score(*model.network, text, logits.data());
    return logits;
}
}  // namespace

TEST_CASE("a domain is grown into the slot, and taken out again") {
    const test::folder in;
    train_base(in);
    const std::vector<float> old = logits_of<test::small>(in / "run");

    // Before any step the new experts add nothing, to the bit, although tokens visit them.
    const auto placed = moe::grow<test::small, grown>(grow_settings_in(in, 0));
    CHECK(logits_of<grown>(in / "clouds") == old);
    CHECK(placed.fresh.after == placed.fresh.before);
    CHECK(placed.fresh.mean_use() > 0);
    for (const auto& domain : placed.old) {
        CHECK(domain.after == domain.before);
        CHECK(domain.mean_use() < 0.3);
    }

    // Steps help the new domain, and not a bit of the old model changes.
    std::filesystem::remove_all(in / "clouds");
    const auto summary = moe::grow<test::small, grown>(grow_settings_in(in, 30));
    CHECK(summary.fresh.after < summary.fresh.before);
    CHECK(summary.trained == 32 + 3 * 32 * 24);
    CHECK(logits_of<grown>(in / "clouds") != old);
    const auto base = moe::io::find_model(in / "run"), now = moe::io::find_model(in / "clouds");
    const auto& after = now.about.file("model.safetensors")->tensors;
    for (const auto& one : base.about.file("model.safetensors")->tensors)
        CHECK(std::count(after.begin(), after.end(), one) == 1);

    // Removing it gives back the old model, its recipe too.
    moe::io::remove_domain(now, "clouds", in / "without");
    const auto without = moe::io::find_model(in / "without");
    CHECK(moe::io::weights_hash_of(without.about) == moe::io::weights_hash_of(base.about));
    CHECK(logits_of<test::small>(in / "without") == old);

    CHECK(test::has(test::error_of([&] {
                        moe::io::remove_domain(now, "stars", in / "other");
                    }),
                    "has not grown the domain 'stars'; it has grown clouds"));
    CHECK(!std::filesystem::exists(in / "other"));
}

TEST_CASE("only what is new needs memory for gradients and moments") {
    const moe::batch_shape shape{2, 32};
    const auto trained = [](auto recipe) {
        return moe::network<decltype(recipe)>::planned({2, 32}, {.threads = 1, .grains = 1})
            .gradients;
    };
    // A router row and three matrices, each from a cache line on.
    CHECK(trained(grown{}) == 4 * (32 + 3 * 32 * 24));
    CHECK(trained(test::small{}) > 20 * trained(grown{}));
    CHECK(moe::optimizer<grown>::planned_bytes() < 3 * trained(grown{}));
    (void)shape;
}
