// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/recipe/checked.hpp>
#include <moe/recipe/count.hpp>
#include <moe/recipe/grows.hpp>

#include <tests/fail/nano.hpp>

namespace {
struct slotted : nano {
    using grows = nano;
    moe::experts ffn{.routed = 16, .shared = 1, .intermediate = 256, .slot = 2};
    moe::adamw optimizer{.decay = 0};
};
struct again : slotted {
    using grows = slotted;
    moe::experts ffn{.routed = 16, .shared = 1, .intermediate = 256, .slot = 3};
};
// Four new experts, a group of their own: the old groups stay what they were.
struct plain : nano {
    using grows = nano;
    moe::experts ffn{.routed = 20, .shared = 1, .intermediate = 256};
    moe::sigmoid_top_k routing{.active = 2, .groups = 5, .kept_groups = 2};
};
}  // namespace

TEST_CASE("a recipe that grows another counts what is new") {
    static_assert(moe::checked<slotted>() && moe::checked<again>() && moe::checked<plain>());
    CHECK_FALSE(moe::growing<nano>);
    CHECK(moe::growth<nano>::experts == 0);
    CHECK(moe::growth<slotted>::slot == 2);
    CHECK(moe::growth<again>::slot == 1);
    CHECK(moe::growth<again>::routed == 0);
    CHECK(moe::growth<plain>::routed == 4);
    CHECK(moe::growth<plain>::slot == 0);
}

TEST_CASE("a slot's experts are parameters, and one of them is active") {
    using of_nano = moe::count<nano>;
    using of_again = moe::count<again>;
    const std::int64_t router = 256, expert = 3 * 256 * 256, layers = 6;
    CHECK(of_again::parameters - of_nano::parameters == layers * 3 * (router + expert));
    CHECK(of_again::parameters_active - of_nano::parameters_active ==
          layers * (3 * router + expert));
}
