// SPDX-License-Identifier: MIT
#include "tests/support/layer_check.hpp"
#include "tests/support/recipes.hpp"

namespace {
using block = moe::residual<test::tiny, moe::swiglu<test::tiny, 7>>;
using three = moe::repeat<test::tiny, block, 3, 8>;

// The same three layers, joined one by one.
using chain = moe::then<test::tiny, block, moe::then<test::tiny, block, block, 8>, 8>;
}  // namespace

TEST_CASE("a repeated layer is that many layers behind each other") {
    const moe::batch_shape shape{2, 3};
    test::layer_under_test<chain, test::tiny> expected(shape, 8, 8, 1);
    std::vector<double> memory(20000, test::poison<double>());
    moe::arena place(memory.data(), memory.size() * sizeof(double));
    moe::weights_of<three, test::tiny> weights;
    moe::gradients_of<three, test::tiny> gradients;
    three::kept kept;
    three::delta delta;
    three::work work;
    moe::place_trained(gradients, place);
    kept.place(place, shape);
    delta.place(place, shape);
    work.place(place, shape);
    moe::gradients_of<three, test::tiny>::each(
        moe::name(), [](const moe::name&, auto& field) { test::fill(field.view(), 0.0); },
        gradients);
    weights.layer = {expected.weights.first, expected.weights.second.first,
                     expected.weights.second.second};

    expected.forward();
    expected.backward();
    const auto y =
        three::forward(moe::reference{}, expected.pass, expected.x.view(), weights, kept, work);
    const auto dx = three::backward(moe::reference{}, expected.pass, expected.pull.view(), weights,
                                    kept, delta, work, gradients);
    CHECK(test::same_bits<double>(y, expected.y.view()));
    CHECK(test::same_bits<double>(dx, expected.dx.view()));
    const auto same = [](auto& a, auto& b) {
        return test::same_bits<double>(moe::rows<const double>(a.down.view()), b.down.view()) &&
               test::same_bits<double>(moe::rows<const double>(a.gate.view()), b.gate.view());
    };
    CHECK(same(gradients.layer[0], expected.gradients.first));
    CHECK(same(gradients.layer[1], expected.gradients.second.first));
    CHECK(same(gradients.layer[2], expected.gradients.second.second));
}

TEST_CASE("its parameters are numbered") {
    moe::weights_of<three, test::tiny> weights;
    std::string names;
    decltype(weights)::each_from(
        4, moe::name("layers."),
        [&](const moe::name& of_field, auto&) {
            if (of_field.text().find("down") != std::string_view::npos)
                names += std::string(of_field.text()) + ' ';
        },
        weights);
    CHECK(names ==
          "layers.4.down_proj.weight layers.5.down_proj.weight layers.6.down_proj.weight ");
}
