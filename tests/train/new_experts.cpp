// SPDX-License-Identifier: MIT
// Where new experts begin is tested with what trains them, in tests/train/grower.cpp.
#include <tests/support/recipes.hpp>

#include <doctest/doctest.h>
#include <moe/train/new_experts.hpp>

#include <vector>

namespace {
struct slotted : test::tiny {
    using grows = test::tiny;
    moe::experts ffn{.routed = 6,
                     .shared = 1,
                     .intermediate = 5,
                     .dense_layers = 1,
                     .dense_intermediate = 7,
                     .slot = 2};
};
struct plain : test::tiny {
    using grows = test::tiny;
    moe::experts ffn{
        .routed = 8, .shared = 1, .intermediate = 5, .dense_layers = 1, .dense_intermediate = 7};
    moe::sigmoid_top_k routing{.active = 2, .groups = 4, .kept_groups = 2, .scale = 2.5};
};
template <class Recipe> std::vector<int> new_choices(const auto& mixture, int token) {
    std::vector<int> found;
    moe::new_experts<Recipe>::each_choice(mixture, token, [&](int j) { found.push_back(j); });
    return found;
}
}  // namespace

TEST_CASE("the new experts are the last of their kind") {
    using in_slot = moe::new_experts<slotted>;
    using in_top_k = moe::new_experts<plain>;
    CHECK(in_slot::in_slot);
    CHECK(in_slot::first == 0);
    CHECK(in_slot::added == 2);
    CHECK_FALSE(in_top_k::in_slot);
    CHECK(in_top_k::first == 6);
    CHECK(in_top_k::old_routed == 6);
    CHECK(in_top_k::layers == 2);  // without the dense one and multi-token prediction

    int top_k[] = {1, 7, 0, 3}, slot[] = {-1, 1};
    struct {
        moe::dispatch_plan plan;
        struct {
            moe::dispatch_plan plan;
        } slot;
    } mixture;
    mixture.plan.active = 2, mixture.plan.chosen = top_k;
    mixture.slot.plan.active = 1, mixture.slot.plan.chosen = slot;
    CHECK(new_choices<plain>(mixture, 0) == std::vector{1});
    CHECK(new_choices<plain>(mixture, 1).empty());
    CHECK(new_choices<slotted>(mixture, 0).empty());
    CHECK(new_choices<slotted>(mixture, 1) == std::vector{1});
}
