// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/moe.hpp>

namespace {

template <class Precision> struct model_in {
    moe::transformer model{.vocab = 16, .context = 4, .layers = 2, .hidden = 256};
    moe::gqa attention{.heads = 4, .kv_heads = 2, .head_dim = 64};
    moe::experts ffn{.routed = 8, .shared = 1, .intermediate = 128};
    moe::softmax_top_k routing{.active = 1};
    moe::loss_balance balance{};
    Precision precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::cpu device{};
};

static_assert(moe::precision_policy<moe::pi_fp8> && moe::precision_policy<moe::pi_lean>);
static_assert(moe::cpu::computes<moe::pi_fp8>);

// Bytes of weights, gradients and moments.
template <class Recipe> double state_bytes() {
    const moe::byte_plan plan = moe::network<Recipe>::planned({1, 4}, {.threads = 1, .grains = 1});
    return double(plan.weights + plan.packed + plan.gradients) +
           double(moe::optimizer<Recipe>::planned_bytes());
}

}  // namespace

TEST_CASE("pi_fp8 takes the bytes of pi, pi_lean one less a weight") {
    const double pi = state_bytes<model_in<moe::pi>>();
    const double fp8 = state_bytes<model_in<moe::pi_fp8>>();
    const double lean = state_bytes<model_in<moe::pi_lean>>();
    // Attention and experts: what is held in few bits.
    const double weights = 2.0 * (3 * 256 * 256 + 9 * 3 * 256 * 128);
    CHECK(fp8 == doctest::Approx(pi).epsilon(1e-3));
    CHECK((fp8 - lean) / weights == doctest::Approx(1).epsilon(1e-3));
}

TEST_CASE("codes, scales and remainders are tensors, and are what the start was") {
    using recipe = model_in<moe::pi_fp8>;
    moe::network<recipe> network({1, 4}, {.threads = 1, .trains = false});
    moe::network<model_in<moe::fp32>> wide({1, 4}, {.threads = 1, .trains = false});
    network.start(3);
    wide.start(3);
    const std::string wanted = "model.layers.1.mlp.experts.5.down_proj.weight";
    moe::split_blocks<std::int16_t> held;
    network.each_parameter([&]<class T>(const moe::name& of, moe::rows<T> values, moe::spec is) {
        CHECK(values.width == is.columns);
        CHECK(values.count == is.rows);
        if (!of.text().starts_with(wanted)) return;
        if constexpr (std::is_same_v<T, moe::e4m3>) held.base = values;
        if constexpr (std::is_same_v<T, std::int16_t>) held.remainder = values;
        if constexpr (std::is_same_v<T, moe::ue8m0>) {
            held.scale = values.at;
            CHECK(values.count == 2);
            CHECK(values.width == 1);
        }
    });
    const moe::rows<float> expected = wide.parameter(wanted);
    REQUIRE(held.base.count == expected.count);
    REQUIRE(held.remainder.count == expected.count);
    REQUIRE(held.scale != nullptr);
    std::vector<float> got(128);
    for (int r = 0; r < expected.count; ++r) {
        moe::expand_numbers(got.data(), held, r, 0, 128);
        for (int i = 0; i < 128; ++i)
            REQUIRE(std::abs(got[std::size_t(i)] - expected(r, i)) <=
                    std::abs(expected(r, i)) * 0x1p-18F + 1e-8F);
    }
}
