// SPDX-License-Identifier: MIT
#include "tests/support/small.hpp"

#include <doctest/doctest.h>
#include <moe/train/grow.hpp>
#include <moe/train/load_model.hpp>
#include <moe/train/score.hpp>

#include <algorithm>

namespace {
// bfloat16, where masters, packed copies and their transposes are three things.
struct base : test::small {
    moe::bf16 precision{};
};
struct slotted : base {
    using grows = base;
    moe::experts ffn{.routed = 8,
                     .shared = 1,
                     .intermediate = 24,
                     .dense_layers = 1,
                     .dense_intermediate = 48,
                     .slot = 2};
    moe::adamw optimizer{.decay = 0};
};

// A model folder of 'base' with random weights, text of two old domains and one new.
void put_base(const test::folder& in) {
    test::put_domains(in);
    test::put(in / "new/clouds/one.txt", test::chain_text(7, 6000));
    moe::network<base> network({1, 32}, {.threads = 1, .trains = false});
    network.start(1);
    moe::io::snapshot what;
    what.recipe = moe::recipe_text<base>();
    what.model = moe::tensors_of(network);
    moe::io::save_model(in / "base", what);
}
moe::grow_settings settings_in(const test::folder& in, std::int64_t steps, std::string_view out) {
    moe::grow_settings s;
    s.model = in / "base";
    s.data = in / "new/clouds";
    s.replay = in / "text";
    s.out = in / out;
    s.steps = steps;
    s.batch = 8 * 32;
    s.warmup = 2;
    s.captured_new = 300, s.captured_old = 200;
    s.threads = 2;
    s.validation_windows = 2;
    return s;
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
    put_base(in);
    const std::vector<float> old = logits_of<base>(in / "base");

    // Before any step the new experts add nothing, to the bit, although tokens visit them.
    const auto placed = moe::grow<base, slotted>(settings_in(in, 0, "placed"));
    CHECK(logits_of<slotted>(in / "placed") == old);
    CHECK(placed.fresh.after == placed.fresh.before);
    CHECK(placed.fresh.mean_use() > 0);
    for (const auto& domain : placed.old) CHECK(domain.after == domain.before);

    // Steps help the new domain, and not a bit of the old model changes.
    const auto summary = moe::grow<base, slotted>(settings_in(in, 20, "grown"));
    CHECK(summary.fresh.after < summary.fresh.before);
    CHECK(summary.trained == 2 * (32 + 3 * 32 * 24));
    CHECK(logits_of<slotted>(in / "grown") != old);
    const auto was = moe::io::find_model(in / "base"), now = moe::io::find_model(in / "grown");
    const auto& after = now.about.file("model.safetensors")->tensors;
    for (const auto& one : was.about.file("model.safetensors")->tensors)
        CHECK(std::count(after.begin(), after.end(), one) == 1);

    // The number of threads changes nothing.
    auto alone = settings_in(in, 20, "alone");
    alone.threads = 1;
    CHECK((moe::grow<base, slotted>(alone)).weights_hash == summary.weights_hash);

    // Without the domain it is the old model again, its recipe too.
    moe::io::remove_domain(now, "clouds", in / "without");
    CHECK(moe::io::weights_hash_of(moe::io::find_model(in / "without").about) ==
          moe::io::weights_hash_of(was.about));
    CHECK(logits_of<base>(in / "without") == old);
}

TEST_CASE("only what is new needs memory for gradients and moments") {
    const auto gradients = [](auto recipe) {
        return moe::network<decltype(recipe)>::planned({2, 32}, {.threads = 1}).gradients;
    };
    // Two router rows and two experts in the one mixture layer.
    CHECK(gradients(slotted{}) == 4 * 2 * (32 + 3 * 32 * 24));
    CHECK(gradients(base{}) > 10 * gradients(slotted{}));
    // Two moments, and room for the norm's partial sums.
    CHECK(moe::optimizer<slotted>::planned_bytes() <= 2 * gradients(slotted{}) + 1024);
}

TEST_CASE("what cannot be grown is said before anything is written") {
    const test::folder in;
    put_base(in);
    const auto refused = [&](auto change) {
        auto s = settings_in(in, 1, "never");
        change(s);
        std::string words;
        try {
            moe::grow<base, slotted>(s);
        } catch (const std::exception& wrong) {
            words = wrong.what();
        }
        CHECK_FALSE(std::filesystem::exists(in / "never"));
        CHECK(words.find('\n') == std::string::npos);
        return words;
    };
    test::put(in / "short/stars/one.txt", "too short");
    test::put(in / "brief/stars/one.txt", test::chain_text(3, 40));
    std::filesystem::create_directories(in / "new/nothing");
    CHECK(test::has(refused([&](auto& s) { s.data = in / "new/nothing"; }), "empty"));
    CHECK(test::has(refused([&](auto& s) { s.data = in / "short/stars"; }), "one.txt"));
    CHECK(test::has(refused([&](auto& s) { s.data = in / "brief/stars"; }), "too short"));
    CHECK(test::has(refused([&](auto& s) { s.data = in / "text"; }), "the folder of one domain"));
    CHECK(test::has(refused([&](auto& s) { s.data = in / "text/rivers"; }), "among the old ones"));
    CHECK(test::has(refused([&](auto& s) { s.replay = in / "gone"; }), "no such folder"));
    CHECK(test::has(refused([&](auto& s) { s.batch = 33; }), "a multiple of 32"));
    CHECK(test::has(refused([&](auto& s) { s.batch = 32; }), "at least two whole sequences"));
    CHECK(test::has(refused([&](auto& s) { s.model = in / "nowhere"; }), "nowhere"));

    moe::grow<base, slotted>(settings_in(in, 0, "grown"));
    CHECK(test::has(refused([&](auto& s) { s.model = in / "grown"; }),
                    "made with another recipe: ffn.slot is 2 there and 0 here"));
    const std::string there =
        test::error_of([&] { moe::grow<base, slotted>(settings_in(in, 0, "grown")); });
    CHECK(test::has(there, "new or empty folder"));
}
