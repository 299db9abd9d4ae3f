// SPDX-License-Identifier: MIT
#include "tests/support/recipes.hpp"

#include <doctest/doctest.h>

namespace {
template <bool Forgets, bool Repeats> struct listed {
    template <template <moe::spec> class Slot> struct state {
        Slot<moe::spec{.rows = 2, .columns = 3}> one;
        Slot<moe::spec{.columns = 3, .trained = false}> other;

        static constexpr void each(const moe::name& prefix, auto&& visit, auto&... s) {
            visit(prefix.with("one"), s.one...);
            if constexpr (!Forgets) visit(prefix.with("other"), s.other...);
            if constexpr (Repeats) visit(prefix.with("one"), s.one...);
        }
    };
};
}  // namespace

// A list that forgets or repeats a field does not compile, where a layer asserts this.
static_assert(moe::lists_every_field<listed<false, false>::state>());
static_assert(!moe::lists_every_field<listed<true, false>::state>());
static_assert(!moe::lists_every_field<listed<false, true>::state>());

TEST_CASE("roles have the number type that fits the tensor") {
    constexpr moe::spec plain{.rows = 2, .columns = 3, .stack = 4},
        precise{.columns = 3, .precise = true};
    using roles = moe::role<float, double>;
    CHECK(std::is_same_v<roles::weight<plain>::T, float>);
    CHECK(std::is_same_v<roles::weight<precise>::T, double>);
    CHECK(plain.count() == 24);
    float values[24] = {};
    const roles::weight<plain> field{values, {}, {}};
    CHECK(field.view().count == 8);
    CHECK(field.all()[2].at == values + 12);
}

TEST_CASE("what is not trained takes no memory as a gradient") {
    moe::weights_of<listed<false, false>, test::tiny> weights;
    moe::gradients_of<listed<false, false>, test::tiny> gradients;
    moe::arena for_weights, for_gradients;
    moe::place_weights(weights, for_weights);
    moe::place_trained(gradients, for_gradients);
    CHECK(for_weights.bytes() == 2 * moe::arena::alignment);
    CHECK(for_gradients.bytes() == moe::arena::alignment);
}
