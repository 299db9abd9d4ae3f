// SPDX-License-Identifier: MIT
#include "tests/support/gradient.hpp"
#include "tests/support/machines.hpp"

#include <doctest/doctest.h>
#include <moe/op/rms_norm.hpp>

namespace {

using namespace moe;
using test::guarded, test::random_rows;

TEST_CASE("a normed row has a mean square of one, scaled by the gain") {
    const auto x = random_rows<double>(5, 37, 1, 3.0), gain = random_rows<double>(1, 37, 2);
    guarded<double> y(5, 37), r(1, 5, 0);
    op::rms_norm(reference{}, y.view(), r.data(), x, gain.data(), 1e-6);
    for (int i = 0; i < 5; ++i) {
        double before = 0, after = 0;
        for (int j = 0; j < 37; ++j) {
            before += x(i, j) * x(i, j) / 37;
            after += y(i, j) * y(i, j) / (gain(0, j) * gain(0, j)) / 37;
        }
        CHECK(after == doctest::Approx(before / (before + 1e-6)).epsilon(1e-12));
        CHECK(r(0, i) == doctest::Approx(1 / std::sqrt(before + 1e-6)).epsilon(1e-12));
    }
}

TEST_CASE("a row of zeros stays zero") {
    guarded<double> x(1, 8), y(1, 8), r(1, 1);
    const auto gain = random_rows<double>(1, 8, 2);
    test::fill(x.view(), 0.0);
    op::rms_norm(reference{}, y.view(), r.data(), x, gain.data(), 1e-6);
    for (int j = 0; j < 8; ++j) CHECK(y(0, j) == 0);
    CHECK(r(0, 0) == doctest::Approx(1000));
}

TEST_CASE("the gradients of rms_norm are its derivatives") {
    auto x = random_rows<double>(4, 11, 1), gain = random_rows<double>(1, 11, 2);
    const auto dy = random_rows<double>(4, 11, 3);
    guarded<double> y(4, 11), r(1, 4), dx(4, 11);
    auto dgain = random_rows<double>(1, 11, 4);
    const guarded<double> before = dgain;
    const auto value = [&] {
        op::rms_norm(reference{}, y.view(), r.data(), x, gain.data(), 1e-2);
        return test::inner_product(y.view(), dy.view());
    };
    value();
    op::rms_norm_backward_input(reference{}, dx.view(), dy, x, r.data(), gain.data());
    op::rms_norm_backward_weight(reference{}, dgain.view(), dy, x, r.data());
    for (int j = 0; j < 11; ++j) dgain(0, j) -= before(0, j);  // it adds
    CHECK(test::gradient_error(x, dx, value) < 1e-9);
    CHECK(test::gradient_error(gain, dgain, value) < 1e-9);
}

}  // namespace
