// SPDX-License-Identifier: MIT
// What is refused stands in tests/fail: it must not compile. Here are the recipes that must go on
// being accepted.
#include <moe/recipe/checked.hpp>

#include <doctest/doctest.h>

#include <tests/support/deepseek.hpp>

namespace {

// The README's and plan's small recipe, in FP32.
struct nano {
    moe::transformer model{.vocab = 256, .context = 256, .layers = 6, .hidden = 256};
    moe::mla attention{
        .heads = 4, .q_rank = 0, .kv_rank = 64, .nope_dim = 32, .rope_dim = 16, .value_dim = 32};
    moe::experts ffn{.routed = 16,
                     .shared = 1,
                     .intermediate = 256,
                     .dense_layers = 1,
                     .dense_intermediate = 768};
    moe::sigmoid_top_k routing{.active = 2, .groups = 4, .kept_groups = 2, .scale = 1.0};
    moe::bias_balance balance{.rate = 1e-3, .sequence_loss = 1e-4};
    moe::fp32 precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::cpu device{};
};

struct no_balance : nano {
    moe::bias_balance balance{.rate = 0, .sequence_loss = 0};
};
struct classic : nano {
    moe::gqa attention{.heads = 8, .kv_heads = 2, .head_dim = 32};
    moe::softmax_top_k routing{.active = 2};
    moe::loss_balance balance{};
};
struct in_double : nano {
    moe::fp64 precision{};
    moe::reference device{};
};
struct reference_in_float : nano {
    moe::reference device{};
};
struct no_momentum : nano {
    moe::adamw optimizer{.beta1 = 0, .beta2 = 0, .decay = 0, .clip = 0};
};
// A device that says nothing of precisions takes all.
struct own_device {
    using on = moe::reference;
};
struct on_own_device : in_double {
    own_device device{};
};

// Checking is a question of types: no function of a recipe is left in a program.
template <class Recipe, bool = moe::checked<Recipe>()> struct trainer;
template <class Recipe> struct trainer<Recipe, true> {
    static constexpr int layers = moe::of<Recipe>.model.layers;
};

}  // namespace

TEST_CASE("recipes that are right") {
    CHECK(moe::checked<nano>());
    CHECK(moe::checked<no_balance>());
    CHECK(moe::checked<classic>());
    CHECK(moe::checked<in_double>());
    CHECK(moe::checked<reference_in_float>());
    CHECK(moe::checked<no_momentum>());
    CHECK(moe::checked<on_own_device>());
    CHECK(moe::checked<test::deepseek_v3_mtp>());
    CHECK(moe::checked<test::deepseek_v2_lite>());
}

TEST_CASE("the answer selects a specialisation") { CHECK(trainer<nano>::layers == 6); }
