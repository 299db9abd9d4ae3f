// SPDX-License-Identifier: MIT
// What is refused stands in tests/fail: it must not compile.
#include <moe/recipe/fits.hpp>

#include <doctest/doctest.h>

#include <tests/support/deepseek.hpp>

#include <limits>

namespace {

// Every number at the edge of what is allowed.
struct smallest : test::deepseek_v3 {
    moe::transformer model{
        .vocab = 2, .context = 1, .layers = 1, .hidden = 1, .rope_base = 1.0001, .mtp_weight = 0};
    moe::mla attention{.heads = 1, .kv_rank = 1, .nope_dim = 1, .rope_dim = 2, .value_dim = 1};
    moe::experts ffn{.routed = 1, .intermediate = 1};
    moe::sigmoid_top_k routing{.active = 1};
};
struct edges : test::deepseek_v3 {
    moe::transformer model{.vocab = 2,
                           .context = 400,
                           .layers = 3,
                           .hidden = 1,
                           .rope_scaling = {.factor = 4, .original_length = 100},
                           .mtp_depth = 1};
    moe::gqa attention{.heads = 7, .kv_heads = 7, .head_dim = 2};
    moe::experts ffn{.routed = 8, .intermediate = 1, .dense_layers = 3, .dense_intermediate = 1};
    moe::sigmoid_top_k routing{.active = 4, .groups = 4, .kept_groups = 2};
};
struct single_experts_as_groups : edges {
    moe::softmax_top_k routing{.active = 4, .groups = 8, .kept_groups = 4};
};

template <class Recipe> bool fits() {
    using namespace moe::detail;
    return model_fits<Recipe>() && rope_scaling_fits<Recipe>() && attention_fits<Recipe>() &&
           ffn_fits<Recipe>() && routing_fits<Recipe>();
}

}  // namespace

TEST_CASE("what is at the edge is inside") {
    CHECK(fits<test::deepseek_v3>());
    CHECK(fits<test::deepseek_v2>());
    CHECK(fits<smallest>());
    CHECK(fits<edges>());
    CHECK(fits<single_experts_as_groups>());
}

TEST_CASE("numbers that are none are neither positive nor zero") {
    using limits = std::numeric_limits<double>;
    using moe::detail::not_negative;
    using moe::detail::positive;
    CHECK(positive(1e-30));
    CHECK_FALSE(positive(0));
    CHECK_FALSE(positive(-1));
    CHECK_FALSE(positive(limits::quiet_NaN()));
    CHECK_FALSE(positive(limits::infinity()));
    CHECK(not_negative(0));
    CHECK(not_negative(-0.0));
    CHECK(not_negative(2));
    CHECK_FALSE(not_negative(-1e-30));
    CHECK_FALSE(not_negative(limits::quiet_NaN()));
    CHECK_FALSE(not_negative(limits::infinity()));
}

TEST_CASE("counts stay below 2^31") {
    CHECK(moe::detail::countable(46340, 46340));
    CHECK_FALSE(moe::detail::countable(65536, 32768));
    CHECK_FALSE(moe::detail::countable(1 << 30, 1 << 30));
}
