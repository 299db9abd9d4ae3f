// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/recipe/checked.hpp>

#include <tests/fail/nano.hpp>

namespace {
struct dense : nano {
    moe::experts ffn{
        .routed = 16, .intermediate = 256, .dense_layers = 6, .dense_intermediate = 768};
};
struct mixed : dense {
    using upcycles = dense;
    moe::experts ffn{.routed = 32, .shared = 4, .intermediate = 192};
};
}  // namespace

TEST_CASE("a recipe may begin as a dense one") {
    static_assert(moe::checked<mixed>());
    CHECK(moe::upcycling<mixed>);
    CHECK_FALSE(moe::upcycling<dense>);
}
