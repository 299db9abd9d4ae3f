// SPDX-License-Identifier: MIT
#include <moe/recipe/attention.hpp>

#include <doctest/doctest.h>

namespace {

constexpr moe::mla v3{.heads = 128,
                      .q_rank = 1536,
                      .kv_rank = 512,
                      .nope_dim = 128,
                      .rope_dim = 64,
                      .value_dim = 128};

struct no_heads {
    constexpr int key_size() const { return 1; }
    constexpr int value_size() const { return 1; }
    constexpr int cache_size() const { return 1; }
    constexpr std::int64_t parameters(int) const { return 1; }
};

}  // namespace

TEST_CASE("latent attention caches as much as grouped attention with 2.25 groups") {
    CHECK(v3.cache_size() == 576);
    const moe::gqa grouped{.heads = 128, .kv_heads = 1, .head_dim = 128};
    CHECK(4 * v3.cache_size() == 9 * grouped.cache_size());
}

TEST_CASE("sizes of a head") {
    CHECK(v3.key_size() == 192);
    CHECK(v3.value_size() == 128);
    const moe::gqa grouped{.heads = 8, .kv_heads = 2, .head_dim = 32};
    CHECK(grouped.key_size() == 32);
    CHECK(grouped.value_size() == 32);
    CHECK(grouped.cache_size() == 2 * 2 * 32);
}

TEST_CASE("parameters do not overflow where a matrix has more than 2^31 elements") {
    const moe::gqa wide{.heads = 1 << 10, .kv_heads = 1 << 10, .head_dim = 1 << 7};
    CHECK(wide.parameters(1 << 17) == std::int64_t{4} << 34);
    const moe::mla latent{
        .heads = 1 << 10, .kv_rank = 1, .nope_dim = 64, .rope_dim = 64, .value_dim = 128};
    const std::int64_t small = std::int64_t{1 << 17} * 65 + 1 + (1 << 10) * 192;
    CHECK(latent.parameters(1 << 17) == (std::int64_t{2} << 34) + small);
}

TEST_CASE("a query latent and norms over heads add what they say") {
    const moe::mla direct{.heads = 4, .kv_rank = 8, .nope_dim = 6, .rope_dim = 2, .value_dim = 5};
    moe::mla compressed = direct;
    compressed.q_rank = 3;
    CHECK(compressed.parameters(16) - direct.parameters(16) == 16 * 3 + 3 + 3 * 4 * 8 - 16 * 4 * 8);
    const moe::gqa plain{.heads = 4, .kv_heads = 2, .head_dim = 8};
    moe::gqa with_norms = plain;
    with_norms.qk_norm = true;
    CHECK(with_norms.parameters(16) - plain.parameters(16) == 2 * 8);
}

TEST_CASE("the concept asks for all that counting needs") {
    CHECK(moe::attention_policy<moe::mla>);
    CHECK(moe::attention_policy<moe::gqa>);
    CHECK_FALSE(moe::attention_policy<no_heads>);
    CHECK_FALSE(moe::attention_policy<int>);
}
