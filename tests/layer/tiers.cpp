// SPDX-License-Identifier: MIT
#include "tests/support/coded.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/layer/tiers.hpp>

#include <string>
#include <vector>

namespace {

struct high_end : test::coded {
    moe::fp8 precision{.high_last_layers = 1};
};
// The same arithmetic with another memory.
struct more_memory : test::coded {
    moe::fp8 precision{.copies = 2, .high_last_layers = 1, .recompute_norms = false};
};
struct all_high : test::coded {
    moe::fp8 precision{.high_first_layers = 3};
};
struct in_bf16 : test::coded {
    moe::bf16 precision{.copies = 1};
};

template <class Recipe, class On = moe::cpu_on<moe::isa::native>>
std::vector<float> gradient_of(int threads, double* loss = nullptr) {
    moe::network<Recipe, On> network({3, 24}, {.threads = threads, .grains = 2});
    network.start(1);
    constexpr int width = 24 + moe::network<Recipe, On>::lookahead;
    std::vector<int> windows(std::size_t(5 * width));
    for (std::size_t i = 0; i < windows.size(); ++i)
        windows[i] = int(moe::random_below(40, 2, 0, i));
    const std::span<const int> all(windows);
    double sum = network.forward_backward(all.first(3 * width), 24, 1.0 / 120, 0.2);
    sum += network.forward_backward(all.subspan(3 * width), 24, 1.0 / 120, 0.2);
    network.finish_gradients();
    if (loss) *loss = sum / 120;
    std::vector<float> gradient;
    network.each_gradient([&](const moe::name&, auto values, moe::spec) {
        for (std::ptrdiff_t i = 0; i < std::ptrdiff_t(values.count) * values.width; ++i)
            gradient.push_back(float(values.at[i]));
    });
    return gradient;
}
double relative(const std::vector<float>& got, const std::vector<float>& expected) {
    return test::relative_error(moe::rows<const float>(got.data(), 1, int(got.size())),
                                moe::rows<const float>(expected.data(), 1, int(expected.size())));
}

TEST_CASE("a network whose layers are all high is one in bfloat16, and others are near it") {
    double loss = 0, expected_loss = 0;
    const auto got = gradient_of<all_high>(2, &loss);
    CHECK(got == gradient_of<in_bf16>(2, &expected_loss));
    CHECK(loss == expected_loss);
    const auto coded = gradient_of<high_end>(2, &loss);
    CHECK(loss == doctest::Approx(expected_loss).epsilon(1e-3));
    CHECK(relative(coded, got) < 0.2);
    CHECK(relative(coded, got) > 1e-3);
}

TEST_CASE("gradients in e4m3 have the same bits from any number of threads and copies") {
    const auto expected = gradient_of<high_end>(1);
    for (const int threads : {2, 3, 8}) CHECK(gradient_of<high_end>(threads) == expected);
    CHECK(gradient_of<more_memory>(2) == expected);
    const moe::network_settings settings{.threads = 1};
    const auto lean = moe::network<high_end>::planned({3, 24}, settings);
    const auto rich = moe::network<more_memory>::planned({3, 24}, settings);
    CHECK(lean.packed < rich.packed);
    CHECK(lean.activations < rich.activations);
}

TEST_CASE("layers keep their names and numbers wherever they stand") {
    std::string names, expected;
    const auto list = [](std::string& into) {
        return
            [&](const moe::name& of_field, auto&) { into += std::string(of_field.text()) + ' '; };
    };
    moe::weights_of<moe::transformer_of<high_end>, high_end> weights;
    moe::weights_of<moe::transformer_of<test::coded>, test::coded> plain;
    decltype(weights)::each(moe::name(), list(names), weights);
    decltype(plain)::each(moe::name(), list(expected), plain);
    CHECK(names == expected);
}

TEST_CASE("which of a part's layers are high follows from their places in the network") {
    using moe::detail::high_ends_of;
    struct both : test::coded {
        moe::transformer model{.vocab = 40, .context = 24, .layers = 6, .hidden = 128};
        moe::fp8 precision{.high_first_layers = 2, .high_last_layers = 3};
    };
    constexpr auto dense = high_ends_of<both>(0, 1), mixture = high_ends_of<both>(1, 5);
    CHECK(dense.first == 1);
    CHECK(dense.last == 0);
    CHECK(mixture.first == 1);
    CHECK(mixture.last == 3);
    constexpr auto more_dense = high_ends_of<both>(0, 4), rest = high_ends_of<both>(4, 2);
    CHECK(more_dense.first == 2);
    CHECK(more_dense.last == 1);
    CHECK(rest.first == 0);
    CHECK(rest.last == 2);
}

}  // namespace
