// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/routing/scores.hpp>

namespace {

using namespace moe;
using test::guarded, test::random_rows;

// One instruction set's results: sigmoid, softmax, twice the sigmoid, then the softmax's sum, the
// largest logit, the sum of the logits' squares.
template <class Isa, int Experts> guarded<float> results(const float* logits) {
    guarded<float> r(4, Experts);
    detail::sigmoids<Isa, Experts>(r[0], logits);
    detail::softmax<Isa, Experts>(r[1], logits);
    std::memcpy(r[2], r[0], Experts * sizeof(float));
    detail::multiply<Isa, Experts>(r[2], 2.0F);
    test::fill(r.view().part(3, 1), detail::sum_of<Isa, Experts>(r[1]));
    r(3, Experts / 2) = detail::largest_of<Isa, Experts>(logits);
    r(3, 0) = detail::product_of<Isa, Experts>(logits, logits);
    return r;
}

void check(guarded<float>& r, rows<const float> logits) {
    const int experts = logits.width;
    double total = 0, square = 0, top = -1e9;
    for (int e = 0; e < experts; ++e) {
        total += std::exp(double(logits(0, e)));
        square += double(logits(0, e)) * logits(0, e);
        top = std::fmax(top, logits(0, e));
    }
    for (int e = 0; e < experts; ++e) {
        const double l = logits(0, e);
        CHECK(r(0, e) == doctest::Approx(1 / (1 + std::exp(-l))).epsilon(1e-6));
        CHECK(test::same_bits(r(0, e), sigmoid(logits(0, e))));
        CHECK(r(1, e) == doctest::Approx(std::exp(l) / total).epsilon(1e-6));
        CHECK(r(2, e) == 2 * r(0, e));
    }
    CHECK(r.intact());
    CHECK(r(3, 0) == doctest::Approx(square).epsilon(1e-6));
    if (experts > 1) CHECK(r(3, experts / 2) == float(top));
    if (experts > 2) CHECK(r(3, experts - 1) == doctest::Approx(1).epsilon(1e-6));
}

template <int Experts> void same_as_formula() {
    const auto logits = random_rows<float>(1, Experts, Experts, 3.0);
    const guarded<float> expected = results<isa::generic, Experts>(logits.data());
    test::on_every_isa(1, [&](auto on) {
        using isa = typename decltype(on)::instructions;
        guarded<float> r = results<isa, Experts>(logits.data());
        check(r, logits);
        CHECK(test::same_bits(r, expected));
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
    const float large[3] = {1000, 999, -1e30F};
    float p[3];
    detail::softmax<isa::native, 3>(p, large);
    CHECK(p[0] == doctest::Approx(1 / (1 + std::exp(-1.0))));
    CHECK(p[2] == 0);
    const float broken[3] = {1, std::numeric_limits<float>::quiet_NaN(), 2};
    detail::softmax<isa::native, 3>(p, broken);
    for (const float x : p) CHECK(std::isnan(x));
}

}  // namespace
