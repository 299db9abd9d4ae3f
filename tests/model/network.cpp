// SPDX-License-Identifier: MIT
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/moe.hpp>

#include <vector>

namespace {
struct small {
    moe::transformer model{.vocab = 40, .context = 12, .layers = 2, .hidden = 24, .mtp_depth = 1};
    moe::mla attention{
        .heads = 2, .q_rank = 0, .kv_rank = 12, .nope_dim = 8, .rope_dim = 4, .value_dim = 8};
    moe::experts ffn{
        .routed = 8, .shared = 1, .intermediate = 20, .dense_layers = 1, .dense_intermediate = 30};
    moe::sigmoid_top_k routing{.active = 2, .groups = 4, .kept_groups = 2};
    moe::bias_balance balance{};
    moe::fp32 precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::cpu device{};
};
constexpr int width = 12 + moe::network<small>::lookahead;

std::vector<int> windows_of(int sequences, std::uint64_t seed) {
    std::vector<int> windows(std::size_t(sequences * width));
    for (std::size_t i = 0; i < windows.size(); ++i)
        windows[i] = int(moe::random_below(40, seed, 0, i));
    return windows;
}

// All gradients of a batch of 12 sequences in so many grains, behind each other.
template <class On>
std::vector<float> gradient_of(int threads, int grains, double* loss = nullptr) {
    const moe::interval first = moe::part_of(12, grains, 0);
    moe::network<small, On> network({int(first.count()) + 1, 12},
                                    {.threads = threads, .grains = grains});
    network.start(1);
    const auto windows = windows_of(12, 2);
    double sum = 0;
    for (int grain = 0; grain < grains; ++grain) {
        const moe::interval mine = moe::part_of(12, grains, grain);
        sum += network.forward_backward(
            {windows.data() + mine.first * width, std::size_t(mine.count() * width)}, 12, 1.0 / 144,
            1.0 / 12);
    }
    network.finish_gradients();
    if (loss) *loss = sum;
    std::vector<float> all;
    network.each_gradient([&](const moe::name&, auto values, moe::spec) {
        all.insert(all.end(), values.at, values.at + std::ptrdiff_t(values.count) * values.width);
    });
    return all;
}

double relative(const std::vector<float>& got, const std::vector<float>& expected) {
    return test::relative_error(moe::rows<const float>(got.data(), 1, int(got.size())),
                                moe::rows<const float>(expected.data(), 1, int(expected.size())));
}
}  // namespace

TEST_CASE("gradients have the same bits from every number of threads and every instruction set") {
    for (const int grains : {1, 3}) {
        const auto expected = gradient_of<moe::cpu_on<moe::isa::native>>(1, grains);
        for (const int threads : {2, 3, 8})
            CHECK(gradient_of<moe::cpu_on<moe::isa::native>>(threads, grains) == expected);
        CHECK(gradient_of<moe::cpu_on<moe::isa::generic>>(2, grains) == expected);
        if constexpr (moe::isa::has_avx2_fma)
            CHECK(gradient_of<moe::cpu_on<moe::isa::avx2_fma>>(2, grains) == expected);
    }
}

TEST_CASE("the CPU computes the gradient of the specification") {
    double loss = 0, expected_loss = 0;
    const auto got = gradient_of<moe::cpu_on<moe::isa::native>>(2, 1, &loss);
    const auto expected = gradient_of<moe::reference>(1, 1, &expected_loss);
    CHECK(relative(got, expected) < 1e-5);
    CHECK(loss == doctest::Approx(expected_loss).epsilon(1e-6));
}

TEST_CASE("grains accumulate to the gradient of the whole batch, an empty one included") {
    double loss = 0, expected_loss = 0;
    const auto expected = gradient_of<moe::cpu_on<moe::isa::native>>(2, 1, &expected_loss);
    for (const int grains : {2, 4, 5, 12, 13}) {
        CAPTURE(grains);
        CHECK(relative(gradient_of<moe::cpu_on<moe::isa::native>>(2, grains, &loss), expected) <
              1e-5);
        CHECK(loss == doctest::Approx(expected_loss).epsilon(1e-6));
    }
}

TEST_CASE("a cache gives the logits of the whole text at once") {
    moe::network<small> network({1, 12}, {.threads = 2, .trains = false});
    network.start(1);
    const auto text = windows_of(1, 3);
    std::vector<float> whole(12 * 40), piece(12 * 40);
    network.logits({whole.data(), 12, 40}, {text.data(), 12});
    int position = 0;
    for (const int tokens : {5, 1, 1, 5}) {
        network.logits({piece.data() + position * 40, tokens, 40},
                       {text.data() + position, std::size_t(tokens)}, position);
        position += tokens;
    }
    CHECK(test::relative_error(moe::rows<const float>(piece.data(), 12, 40),
                               moe::rows<const float>(whole.data(), 12, 40)) < 1e-6);
}

TEST_CASE("parameters can be read and changed by name") {
    moe::network<small> network({1, 12}, {.threads = 1, .trains = false});
    network.start(1);
    const auto text = windows_of(1, 3);
    const double before = network.loss({text.data(), 13}, 12);
    const auto expert = network.parameter("model.layers.1.mlp.experts.5.down_proj.weight");
    CHECK(expert.count == 24);
    CHECK(expert.width == 20);
    const auto head = network.parameter("lm_head.weight");
    for (int i = 0; i < head.count; ++i)
        for (int j = 0; j < head.width; ++j) head(i, j) = 0;
    network.weights_changed();
    // All tokens are equally likely then.
    CHECK(network.loss({text.data(), 13}, 12) ==
          doctest::Approx(12 * std::log(40.0)).epsilon(1e-5));
    CHECK(before != doctest::Approx(12 * std::log(40.0)).epsilon(1e-5));
    CHECK(network.parameter("model.layers.9.mlp.gate.weight").at == nullptr);
}

TEST_CASE("the plan is what is used") {
    const moe::network_settings settings{.threads = 1, .grains = 4};
    const moe::byte_plan plan = moe::network<small>::planned({3, 12}, settings);
    moe::network<small> network({3, 12}, settings);
    CHECK(network.bytes().total() == plan.total());
    CHECK(plan.gradients == 3 * moe::network<small>::planned({3, 12}, {.grains = 1}).gradients);
    CHECK(moe::network<small>::planned({3, 12}, {.trains = false}).gradients == 0);
}
