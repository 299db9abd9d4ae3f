// SPDX-License-Identifier: MIT
// Growing into the top-k, and growing what was grown already. On the reference device, which
// compiles fast; tests/train/grow.cpp is on the CPU.
#include "tests/support/small.hpp"

#include <doctest/doctest.h>
#include <moe/io/safetensors.hpp>
#include <moe/train/grow.hpp>

#include <algorithm>

namespace {
struct base {
    moe::transformer model{.vocab = 256, .context = 16, .layers = 2, .hidden = 8, .mtp_depth = 1};
    moe::gqa attention{.heads = 2, .kv_heads = 1, .head_dim = 4};
    moe::experts ffn{.routed = 4, .shared = 1, .intermediate = 6};
    moe::sigmoid_top_k routing{.active = 2, .groups = 2, .kept_groups = 2};
    moe::bias_balance balance{};
    moe::fp32 precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::reference device{};
};
// A group of two new experts beside the two old groups.
struct plain : base {
    using grows = base;
    moe::experts ffn{.routed = 6, .shared = 1, .intermediate = 6};
    moe::sigmoid_top_k routing{.active = 2, .groups = 3, .kept_groups = 2};
    moe::adamw optimizer{.decay = 0};
};
struct again : plain {
    using grows = plain;
    moe::experts ffn{.routed = 6, .shared = 1, .intermediate = 6, .slot = 1};
};

moe::grow_settings settings_in(const test::folder& in, const std::string& model,
                               const std::string& domain, std::int64_t steps) {
    moe::grow_settings s;
    s.model = in / model;
    s.data = in / ("new/" + domain);
    s.replay = in / "text";
    s.out = in / (domain + std::to_string(steps));
    s.steps = steps;
    s.batch = 8 * 16;
    s.rate = 1e-2;
    s.warmup = 2;
    s.captured_new = 200, s.captured_old = 150;
    s.validation_windows = 4;
    return s;
}
void put_base(const test::folder& in) {
    test::put_domains(in, 2000);
    test::put(in / "new/clouds/one.txt", test::chain_text(7, 3000));
    test::put(in / "new/stars/one.txt", test::chain_text(8, 3000));
    moe::network<base> network({1, 16}, {.trains = false});
    network.start(1);
    moe::io::snapshot what;
    what.recipe = moe::recipe_text<base>();
    what.model = moe::tensors_of(network);
    moe::io::save_model(in / "base", what);
}
// Every tensor of the one is in the other, or is the beginning of one of more rows there.
void check_contains(const std::string& larger, const std::string& smaller) {
    const moe::io::tensor_source all(larger + "/model.safetensors"),
        part(smaller + "/model.safetensors");
    for (std::size_t i = 0; i < part.count(); ++i) {
        const std::size_t at = all.find(part[i].name);
        REQUIRE(at != all.none);
        std::string is(part[i].bytes(), '\0'), was = is;
        REQUIRE(all[at].bytes() >= is.size());
        all.read_bytes(at, 0, is.data(), is.size());
        part.read_bytes(i, 0, was.data(), was.size());
        CHECK(is == was);
    }
}
}  // namespace

TEST_CASE("new experts join the top-k, and a grown model grows again") {
    const test::folder in;
    put_base(in);
    const auto first = moe::grow<base, plain>(settings_in(in, "base", "clouds", 30));
    CHECK(first.place == "top-k");
    CHECK(first.fresh.after < first.fresh.before);
    CHECK(first.fresh.mean_use() > 0);
    check_contains(in / "clouds30", in / "base");

    const auto placed = moe::grow<plain, again>(settings_in(in, "clouds30", "stars", 0));
    CHECK(placed.fresh.after == placed.fresh.before);
    const auto second = moe::grow<plain, again>(settings_in(in, "clouds30", "stars", 30));
    CHECK(second.fresh.after < second.fresh.before);
    CHECK(second.base_hash == first.weights_hash);
    check_contains(in / "stars30", in / "clouds30");

    // Either can go: the newer one, and then there is the older model again; or the older one.
    const auto both = moe::io::find_model(in / "stars30");
    CHECK(moe::io::grown_domains(both.about).size() == 2);
    moe::io::remove_domain(both, "stars", in / "clouds");
    const auto clouds = moe::io::find_model(in / "clouds");
    CHECK(moe::io::text_of(moe::io::weights_hash_of(clouds.about)) == first.weights_hash);
    CHECK(clouds.about.recipe == moe::recipe_text<plain>());
    moe::io::remove_domain(both, "clouds", in / "stars");
    check_contains(in / "stars30", in / "base");
    CHECK(moe::io::grown_domains(moe::io::find_model(in / "stars").about).size() == 1);
    moe::io::remove_domain(clouds, "clouds", in / "none");
    CHECK(moe::io::find_model(in / "none").about.recipe == moe::recipe_text<base>());

    // A domain is grown once.
    CHECK(test::has(
        test::error_of([&] { moe::grow<plain, again>(settings_in(in, "clouds30", "clouds", 1)); }),
        "has grown the domain 'clouds' already"));
}

TEST_CASE("no old domain leaks more than it may, right after placing") {
    const test::folder in;
    put_base(in);
    for (const double leak : {0.02, 0.2}) {
        auto s = settings_in(in, "base", "clouds", 0);
        s.leak = leak;
        const auto folders = moe::detail::old_domains_in(s.replay);
        s.captured_old = 100'000;  // all that is trained on
        moe::grower<plain> grower(s, moe::io::tokenizer(), folders);
        moe::io::load_weights(moe::io::find_model(s.model), moe::base_tensors_of(grower.network()));
        grower.network().weights_changed();
        grower.place();
        for (std::size_t i = 0; i < folders.size(); ++i) {
            const moe::domain_look look = grower.look_at(grower.old(i), 0);
            CHECK(look.mean_use() <= leak + 0.15);  // other text of the same domain
        }
        CHECK(grower.look_at(grower.fresh(), 0).mean_use() > leak);
    }
}
