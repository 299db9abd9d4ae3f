// SPDX-License-Identifier: MIT
// A layer of one's own, as CONTRIBUTING shows it, under the check that every layer passes.
#include "tests/support/layer_check.hpp"
#include "tests/support/recipes.hpp"

// [own_layer]
// y = x * scale, a number for each column
template <class Recipe, int Width> struct scale_layer {
    using number = moe::activation_of<Recipe>;

    template <template <moe::spec> class Slot> struct state {
        Slot<moe::spec{.columns = Width, .start = moe::start::one, .decays = false}> scale;

        static constexpr void each(const moe::name& prefix, auto&& visit, auto&... s) {
            visit(prefix.with("scale"), s.scale...);
        }
    };
    static_assert(moe::lists_every_field<state>());

    struct kept {
        moe::read_activations<Recipe> x;
        void place(moe::arena&, moe::batch_shape) {}
    };
    using delta = moe::nothing;
    using work = moe::nothing;

    static void forward(auto on, const moe::pass_of<Recipe>&, moe::activations<Recipe> y,
                        moe::read_activations<Recipe> x, const auto& weights, kept& k, work&) {
        k.x = x;
        on.each(x.count, [&](int t) {
            for (int j = 0; j < Width; ++j) y(t, j) = x(t, j) * weights.scale.at[j];
        });
    }
    static void backward_input(auto on, const moe::pass_of<Recipe>&, moe::activations<Recipe> dx,
                               moe::read_activations<Recipe> dy, const auto& weights, kept&, delta&,
                               work&) {
        on.each(dy.count, [&](int t) {
            for (int j = 0; j < Width; ++j) dx(t, j) = dy(t, j) * weights.scale.at[j];
        });
    }
    static void backward_weight(auto on, const moe::pass_of<Recipe>&,
                                moe::read_activations<Recipe> dy, const kept& k, const delta&,
                                auto& gradients) {
        on.each(Width, [&](int j) {  // split over outputs, summed over tokens in their order
            for (int t = 0; t < dy.count; ++t) gradients.scale.at[j] += dy(t, j) * k.x(t, j);
        });
    }
};
// [own_layer]

// [own_layer_test]
TEST_CASE("the layer's ways back are its derivative") {
    using layer = scale_layer<test::tiny, 8>;
    test::layer_under_test<layer, test::tiny>({2, 3}, 8, 8, 1).check();
}

TEST_CASE("it joins with others") {
    using layer = moe::residual<
        test::tiny, moe::then<test::tiny, moe::norm<test::tiny, 8>, scale_layer<test::tiny, 8>, 8>>;
    test::layer_under_test<layer, test::tiny>({2, 3}, 8, 8, 1).check();
}
// [own_layer_test]
