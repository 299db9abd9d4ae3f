// SPDX-License-Identifier: MIT
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/moe.hpp>

#include <vector>

namespace {
template <class Precision> struct small_in {
    moe::transformer model{.vocab = 40, .context = 12, .layers = 2, .hidden = 24, .mtp_depth = 1};
    moe::mla attention{
        .heads = 2, .q_rank = 0, .kv_rank = 12, .nope_dim = 8, .rope_dim = 4, .value_dim = 8};
    moe::experts ffn{
        .routed = 8, .shared = 1, .intermediate = 20, .dense_layers = 1, .dense_intermediate = 30};
    moe::sigmoid_top_k routing{.active = 2, .groups = 4, .kept_groups = 2};
    moe::bias_balance balance{};
    Precision precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::cpu device{};
};
using small = small_in<moe::fp32>;
using small_bf16 = small_in<moe::bf16>;
struct one_copy : moe::bf16 {
    constexpr one_copy() : moe::bf16{.copies = 1} {}
};
struct narrow_gradients : moe::bf16 {
    constexpr narrow_gradients() : moe::bf16{.gradients = moe::number_format::bf16} {}
};
struct without_codes : moe::pi {
    constexpr without_codes() : moe::pi{.cached = moe::number_format::bf16} {}
};
constexpr int width = 12 + moe::network<small>::lookahead;

std::vector<int> windows_of(int sequences, std::uint64_t seed) {
    std::vector<int> windows(std::size_t(sequences * width));
    for (std::size_t i = 0; i < windows.size(); ++i)
        windows[i] = int(moe::random_below(40, seed, 0, i));
    return windows;
}

// All gradients of a batch of 12 sequences in so many grains, behind each other.
template <class On, class Recipe = small>
std::vector<float> gradient_of(int threads, int grains, double* loss = nullptr) {
    const moe::interval first = moe::part_of(12, grains, 0);
    moe::network<Recipe, On> network({int(first.count()) + 1, 12},
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
        for (std::ptrdiff_t i = 0; i < std::ptrdiff_t(values.count) * values.width; ++i)
            all.push_back(float(values.at[i]));
    });
    return all;
}

double relative(const std::vector<float>& got, const std::vector<float>& expected) {
    return test::relative_error(moe::rows<const float>(got.data(), 1, int(got.size())),
                                moe::rows<const float>(expected.data(), 1, int(expected.size())));
}
}  // namespace

// Others: instruction sets besides the one of this machine.
template <class Recipe, class... Others> void check_machines() {
    using native = moe::cpu_on<moe::isa::native>;
    for (const int grains : {1, 3}) {
        const auto expected = gradient_of<native, Recipe>(1, grains);
        const auto check = [&](auto isa) {
            CHECK(gradient_of<moe::cpu_on<decltype(isa)>, Recipe>(2, grains) == expected);
        };
        for (const int threads : {2, 3, 4, 8})
            CHECK(gradient_of<native, Recipe>(threads, grains) == expected);
        (check(Others{}), ...);
    }
}
// Nothing, where this build has no such instructions.
template <bool Has, class Isa> using if_there = std::conditional_t<Has, Isa, moe::isa::native>;
TEST_CASE("gradients have the same bits from every number of threads and every instruction set") {
    using namespace moe::isa;
    check_machines<small, generic>();
    check_machines<small_bf16, generic, if_there<has_avx2_fma, avx2_fma>,
                   if_there<has_avx512_fma, avx512_fma>, if_there<has_avx512_bf16, avx512_bf16>>();
}

TEST_CASE("weights in two parts give the gradients of those that are rounded to bfloat16") {
    using native = moe::cpu_on<moe::isa::native>;
    CHECK(gradient_of<native, small_in<without_codes>>(2, 2) ==
          gradient_of<native, small_in<narrow_gradients>>(2, 2));
}

TEST_CASE("one resident copy of the weights takes half of what two take") {
    using lean = small_in<one_copy>;
    const auto bytes = [](auto planned) { return planned.packed; };
    const moe::network_settings settings{.threads = 1};
    const std::size_t two = bytes(moe::network<small_bf16>::planned({1, 12}, settings));
    const std::size_t one = bytes(moe::network<lean>::planned({1, 12}, settings));
    CHECK(one < two * 0.6);
}

TEST_CASE("in bfloat16 gradients differ from those in floats by its rounding") {
    using native = moe::cpu_on<moe::isa::native>;
    double loss = 0, expected_loss = 0;
    const auto expected = gradient_of<native>(2, 3, &expected_loss);
    const auto got = gradient_of<native, small_bf16>(2, 3, &loss);
    const auto narrow = gradient_of<native, small_in<narrow_gradients>>(2, 3, &loss);
    CHECK(loss == doctest::Approx(expected_loss).epsilon(1e-3));
    CHECK(relative(got, expected) < 2e-2);
    CHECK(relative(got, expected) > 1e-4);
    CHECK(relative(narrow, got) < 4e-3);
    CHECK(relative(narrow, got) > 1e-4);
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

template <class Recipe> void check_cache(double tolerance) {
    moe::network<Recipe> network({1, 12}, {.threads = 2, .trains = false});
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
                               moe::rows<const float>(whole.data(), 12, 40)) < tolerance);
}
TEST_CASE("a cache gives the logits of the whole text at once") {
    check_cache<small>(1e-6);
    check_cache<small_bf16>(1e-6);
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
