// SPDX-License-Identifier: MIT
#include "tests/support/small.hpp"

#include <doctest/doctest.h>
#include <moe/train/load_model.hpp>
#include <moe/train/score.hpp>
#include <moe/train/upcycle.hpp>

namespace {
struct dense : test::small {
    moe::experts ffn{
        .routed = 8, .shared = 1, .intermediate = 24, .dense_layers = 2, .dense_intermediate = 48};
    moe::reference device{};
};
// The first layer stays dense. The second: two shared experts are the dense layer, eight routed
// ones its two halves in turns.
struct sliced : dense {
    using upcycles = dense;
    moe::experts ffn{
        .routed = 8, .shared = 2, .intermediate = 24, .dense_layers = 1, .dense_intermediate = 48};
};
struct copied : dense {
    using upcycles = dense;
    moe::experts ffn{.routed = 8, .intermediate = 48};
};

template <class Recipe> std::vector<float> logits_of(const std::string& folder) {
    const auto model = moe::load_model<Recipe>(folder, 2);
    std::vector<int> text(40);
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = int('a' + i * i % 23);
    std::vector<float> logits(text.size() * 256);
    moe::score(*model.network, text, logits.data());
    return logits;
}
}  // namespace

TEST_CASE("a dense model becomes a mixture that computes the same") {
    const test::folder in;
    moe::network<dense> network({1, 32}, {.trains = false});
    network.start(5);
    moe::io::snapshot what;
    what.recipe = moe::recipe_text<dense>();
    what.model = moe::tensors_of(network);
    moe::io::save_model(in / "dense", what);
    const std::vector<float> was = logits_of<dense>(in / "dense");

    moe::upcycle<dense, sliced>(in / "dense", in / "sliced");
    CHECK(logits_of<sliced>(in / "sliced") == was);  // to the bit
    // Slices are ready to learn: only what stands behind them is zero.
    const auto model = moe::load_model<sliced>(in / "sliced", 1);
    const auto part = model.network->parameter("model.layers.1.mlp.experts.3.up_proj.weight");
    const auto whole = network.parameter("model.layers.1.mlp.up_proj.weight");
    for (int i = 0; i < part.count; ++i)
        for (int j = 0; j < part.width; ++j) CHECK(part(i, j) == whole(24 + i, j));

    moe::upcycle<dense, copied>(in / "dense", in / "copied");
    const std::vector<float> now = logits_of<copied>(in / "copied");
    float most = 0, off = 0;
    for (std::size_t i = 0; i < was.size(); ++i) {
        most = std::max(most, std::abs(was[i]));
        off = std::max(off, std::abs(was[i] - now[i]));
    }
    CHECK(off < 1e-5F * most);
    CHECK(off > 0);

    // What is no model of the dense recipe is refused.
    const std::string words =
        test::error_of([&] { moe::upcycle<dense, sliced>(in / "copied", in / "never"); });
    CHECK(test::has(words, "made with another recipe"));
    CHECK_FALSE(std::filesystem::exists(in / "never"));
}
