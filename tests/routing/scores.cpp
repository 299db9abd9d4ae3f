// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/routing/scores.hpp>

namespace {

using namespace moe;
using test::guarded, test::random_rows;

template <int Experts> void same_as_formula() {
    const auto logits = random_rows<float>(1, Experts, Experts, 3.0);
    double total = 0, square = 0, top = -1e9;
    for (int e = 0; e < Experts; ++e) {
        total += std::exp(double(logits(0, e)));
        square += double(logits(0, e)) * logits(0, e);
        top = std::fmax(top, logits(0, e));
    }
    guarded<float> first_softmax(1, Experts), first_sigmoid(1, Experts);
    bool first = true;
    test::on_every_isa(1, [&](auto on) {
        using isa = typename decltype(on)::instructions;
        guarded<float> s(1, Experts), p(1, Experts), doubled(1, Experts);
        detail::sigmoids<isa, Experts>(s.data(), logits.data());
        detail::softmax<isa, Experts>(p.data(), logits.data());
        test::copy<float>(doubled.view(), s);
        detail::multiply<isa, Experts>(doubled.data(), 2.0F);
        for (int e = 0; e < Experts; ++e) {
            const double l = logits(0, e);
            CHECK(s(0, e) == doctest::Approx(1 / (1 + std::exp(-l))).epsilon(1e-6));
            CHECK(test::same_bits(s(0, e), sigmoid(logits(0, e))));
            CHECK(p(0, e) == doctest::Approx(std::exp(l) / total).epsilon(1e-6));
            CHECK(doubled(0, e) == 2 * s(0, e));
        }
        CHECK(detail::sum_of<isa, Experts>(p.data()) == doctest::Approx(1).epsilon(1e-6));
        CHECK(detail::largest_of<isa, Experts>(logits.data()) == float(top));
        CHECK(detail::product_of<isa, Experts>(logits.data(), logits.data()) ==
              doctest::Approx(square).epsilon(1e-6));
        CHECK((s.intact() && p.intact() && doubled.intact()));
        if (first) {
            test::copy<float>(first_softmax.view(), p);
            test::copy<float>(first_sigmoid.view(), s);
        }
        first = false;
        CHECK(test::same_bits(first_softmax, p));
        CHECK(test::same_bits(first_sigmoid, s));
    });
}

TEST_CASE("sigmoid and softmax over any number of experts, with the same bits everywhere") {
    same_as_formula<1>();
    same_as_formula<7>();
    same_as_formula<16>();
    same_as_formula<33>();
    same_as_formula<160>();
}

TEST_CASE("in double they are the formulas") {
    const auto logits = random_rows<double>(1, 9, 3);
    guarded<double> s(1, 9), p(1, 9);
    detail::sigmoids<isa::native, 9>(s.data(), logits.data());
    detail::softmax<isa::native, 9>(p.data(), logits.data());
    double total = 0;
    for (int e = 0; e < 9; ++e) total += std::exp(logits(0, e));
    for (int e = 0; e < 9; ++e) {
        CHECK(s(0, e) == doctest::Approx(1 / (1 + std::exp(-logits(0, e)))).epsilon(1e-14));
        CHECK(p(0, e) == doctest::Approx(std::exp(logits(0, e)) / total).epsilon(1e-14));
    }
}

TEST_CASE("softmax does not overflow, and a NaN spreads") {
    const float large[3] = {1e30F, 1e30F, -1e30F};
    float p[3];
    detail::softmax<isa::native, 3>(p, large);
    CHECK(p[0] == doctest::Approx(0.5));
    CHECK(p[2] == 0);
    const float broken[3] = {1, std::numeric_limits<float>::quiet_NaN(), 2};
    detail::softmax<isa::native, 3>(p, broken);
    for (const float x : p) CHECK(std::isnan(x));
}

}  // namespace
