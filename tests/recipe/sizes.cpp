// SPDX-License-Identifier: MIT
#include <moe/recipe/sizes.hpp>

#include <doctest/doctest.h>

#include <tests/support/deepseek.hpp>

namespace {
struct all_dense : test::deepseek_v3 {
    moe::experts ffn{.routed = 8, .intermediate = 64, .dense_layers = 61, .dense_intermediate = 9};
};
}  // namespace

TEST_CASE("sizes of DeepSeek-V3") {
    using is = moe::sizes<test::deepseek_v3_mtp>;
    CHECK(is::vocab == 129280);
    CHECK(is::context == 4096);
    CHECK(is::hidden == 7168);
    CHECK_FALSE(is::tied_embeddings);
    CHECK(is::heads == 128);
    CHECK(is::key_size == 192);
    CHECK(is::value_size == 128);
    CHECK(is::cache_size == 576);
    CHECK(is::layers == 61);
    CHECK(is::dense_layers == 3);
    CHECK(is::moe_layers == 58);
    CHECK(is::mtp_depth == 1);
    CHECK_FALSE(is::mtp_is_dense);
    CHECK(is::experts == 256);
    CHECK(is::active == 8);
    CHECK(is::intermediate == 2048);
    CHECK(is::shared_intermediate == 2048);
    CHECK(is::dense_intermediate == 18432);
}

TEST_CASE("shared experts are one wide expert; none have no width") {
    CHECK(moe::sizes<test::deepseek_v2>::shared_intermediate == 2 * 1536);
    CHECK(moe::sizes<all_dense>::shared_intermediate == 0);
}

TEST_CASE("a model of dense layers only has a dense block for multi-token prediction") {
    CHECK(moe::sizes<all_dense>::moe_layers == 0);
    CHECK(moe::sizes<all_dense>::mtp_is_dense);
}
