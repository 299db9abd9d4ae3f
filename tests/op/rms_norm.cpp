// SPDX-License-Identifier: MIT
#include "tests/support/gradient.hpp"
#include "tests/support/machines.hpp"

#include <doctest/doctest.h>
#include <moe/op/rms_norm.cpu.hpp>

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
    op::rms_norm_backward_weight(reference{}, dgain.view(), dy.view(), x, r.data());
    for (int j = 0; j < 11; ++j) dgain(0, j) -= before(0, j);  // it adds
    CHECK(test::gradient_error(x, dx, value) < 1e-9);
    CHECK(test::gradient_error(gain, dgain, value) < 1e-9);
}

// T: of the rows. What may be off: by rounding, one unit of the narrower type where it differs.
template <class T> void check_machines(double tolerance) {
    for (int shape = 0; shape < 12; ++shape) {
        const int count = shape == 0 ? 0 : test::random_size(1, 9, 10, shape);
        const int width = shape == 1 ? 1 : test::random_size(1, 150, 11, shape);
        CAPTURE(count);
        CAPTURE(width);
        const auto x = random_rows<T>(count, width, 12), dy = random_rows<T>(count, width, 13);
        const auto gain = random_rows<float>(1, width, 14), old = random_rows<float>(1, width, 15);
        const auto run = [&](auto on, auto& y, auto& r, auto& dx, auto& dgain) {
            test::copy(dgain.view(), old.view());
            op::rms_norm(on, y.view(), r.data(), x, gain.data(), 1e-6F);
            op::rms_norm_backward_input(on, dx.view(), dy, x, r.data(), gain.data());
            op::rms_norm_backward_weight(on, dgain.view(), dy.view(), x, r.data());
        };
        guarded<T> y(count, width), dx(count, width);
        guarded<float> r(1, count), dgain(1, width);
        run(reference{}, y, r, dx, dgain);
        const guarded<T> y0 = y, dx0 = dx;
        const guarded<float> r0 = r, dgain0 = dgain;
        // dx is a difference: what may be off is measured by what is subtracted from.
        double size = 0;
        for (int i = 0; i < count; ++i)
            for (int j = 0; j < width; ++j) size += std::abs(r0(0, i) * gain(0, j) * dy(i, j));
        bool first = true;
        test::on_every_machine([&](auto on) {
            guarded<T> y1(count, width), dx1(count, width);
            guarded<float> r1(1, count), dgain1(1, width);
            run(on, y1, r1, dx1, dgain1);
            CHECK(test::relative_error(y1, y0) < tolerance);
            CHECK(test::relative_error(r1, r0) < 1e-6);
            CHECK(test::distance(dx1.view(), dx0.view()) <= tolerance * size);
            CHECK(test::relative_error(dgain1, dgain0) < 1e-6);
            CHECK((y1.intact() && r1.intact() && dx1.intact() && dgain1.intact()));
            if (!first) {
                CHECK(test::same_bits(y1, y));
                CHECK(test::same_bits(dx1, dx));
                CHECK(test::same_bits(dgain1, dgain));
            }
            first = false;
            y = y1, dx = dx1, dgain = dgain1;
        });
    }
}
TEST_CASE("the CPU agrees with the specification, with the same bits on every machine") {
    check_machines<float>(1e-6);
    check_machines<bfloat16>(4e-3);
}

}  // namespace
