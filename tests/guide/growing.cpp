// SPDX-License-Identifier: MIT
// The recipes of a model that grows, as the README shows them.
#include <doctest/doctest.h>
#include <moe/recipe/checked.hpp>
#include <moe/recipe/grows.hpp>

#include <tests/fail/nano.hpp>

// [growing]
// One more expert a layer beside the top-k, for one more domain.
struct nano_with_law : nano {
    using grows = nano;
    moe::experts ffn{.routed = 16, .shared = 1, .intermediate = 256, .slot = 1};
    moe::adamw optimizer{.decay = 0};
};
// What domains are merged into that were grown apart: it grows nothing itself.
struct nano_with_both : nano {
    moe::experts ffn{.routed = 16, .shared = 1, .intermediate = 256, .slot = 2};
    moe::adamw optimizer{.decay = 0};
};
// [growing]

TEST_CASE("the README's grown recipes can be trained and merged into") {
    static_assert(moe::checked<nano_with_law>() && moe::checked<nano_with_both>());
    CHECK(moe::growth<nano_with_law>::slot == 1);
    CHECK_FALSE(moe::growing<nano_with_both>);
}
