// SPDX-License-Identifier: MIT
// What is refused stands in tests/fail: it must not compile.
#include <moe/recipe/tiles_fit.hpp>

#include <doctest/doctest.h>

#include <tests/support/deepseek.hpp>

namespace {

struct coded : test::deepseek_v3 {
    moe::fp8 precision{.high_first_layers = 3, .high_last_layers = 58};
};
struct grouped : coded {
    moe::gqa attention{.heads = 4, .kv_heads = 1, .head_dim = 32};
    moe::fp8 precision{.tile = 32, .attention_output = moe::number_format::bf16};
};
struct without_tiles : test::deepseek_v3 {
    moe::transformer model{.vocab = 2, .context = 2, .layers = 1, .hidden = 1};
    moe::bf16 precision{};
};

TEST_CASE("published sizes fall into whole tiles, and policies without tiles do not ask") {
    CHECK(moe::detail::tiles_fit<coded>());
    CHECK(moe::detail::tiles_fit<grouped>());
    CHECK(moe::detail::tiles_fit<without_tiles>());
}

}  // namespace
