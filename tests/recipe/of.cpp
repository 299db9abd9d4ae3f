// SPDX-License-Identifier: MIT
#include <moe/recipe/of.hpp>

#include <doctest/doctest.h>

#include <tests/support/deepseek.hpp>

#include <string>
#include <type_traits>

namespace {
struct const_slot : test::deepseek_v3 {
    const moe::fp64 precision{};
};
}  // namespace

TEST_CASE("the value of a recipe is a constant") {
    static_assert(moe::of<test::deepseek_v3>.model.layers == 61);
    static_assert(moe::of<test::deepseek_v3_mtp>.model.mtp_depth == 1);
    // Settings that nobody wrote have their defaults.
    static_assert(moe::of<test::deepseek_v3>.model.rope_base == 10000);
    // A recipe inside a function is one too.
    struct inside : test::deepseek_v3 {
        moe::gqa attention{.heads = 7};
    };
    static_assert(moe::of<inside>.attention.heads == 7);
    static_assert(moe::of<inside>.model.layers == 61);
}

TEST_CASE("a variant replaces a slot, type and value") {
    CHECK(std::is_same_v<moe::slots<test::deepseek_v3>::routing, moe::sigmoid_top_k>);
    CHECK(std::is_same_v<moe::slots<test::deepseek_v2>::routing, moe::softmax_top_k>);
    CHECK(std::is_same_v<moe::slots<test::deepseek_v2>::attention, moe::mla>);
    CHECK(std::is_same_v<moe::slots<const_slot>::precision, moe::fp64>);
}

TEST_CASE("all nine slots are visited once, in order") {
    std::string order;
    moe::each_slot<test::deepseek_v3>(
        [&](const char* slot, const auto&) { order += slot, order += ' '; });
    CHECK(order == "model attention ffn routing balance precision parallel optimizer device ");
}
