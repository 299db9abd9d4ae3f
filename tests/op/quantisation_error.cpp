// SPDX-License-Identifier: MIT
#include "tests/support/codes.hpp"
#include "tests/support/machines.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/op/quantisation_error.cpu.hpp>

#include <cmath>
#include <limits>
#include <vector>

namespace {

using namespace moe;
using test::codes, test::guarded, test::random_rows;

template <class Format, class Scaling>
quantisation_error measured(const guarded<float>& x, int threads) {
    const rows<const float> from = x.view();
    codes<Format, Scaling> q(from.count, from.width);
    op::quantise(reference{}, q.view(), from);
    std::vector<quantisation_error> expected(std::size_t(from.count));
    const auto total = op::measure(reference{}, q.view(), from, expected.data());
    test::on_every_isa(threads, [&](auto on) {
        std::vector<quantisation_error> partial(std::size_t(from.count));
        const auto got = op::measure(on, q.view(), from, partial.data());
        if (!std::isnan(total.noise)) {
            CHECK(got == total);
            CHECK(partial == expected);
        }
        CHECK(got.flushed == total.flushed);
        CHECK(std::isnan(got.noise) == std::isnan(total.noise));
    });
    return total;
}

TEST_CASE("signal and noise are the sums of squares, in any size of numbers") {
    for (const double size : {1e-25, 1e-3, 1e15})
        for (const int width : {1, 128, 300}) {
            const auto x = random_rows<float>(20, width, 1, size);
            codes<e4m3, tile_1x128<>> q(20, width);
            op::quantise(reference{}, q.view(), x.view());
            double signal = 0, noise = 0;
            for (int i = 0; i < 20; ++i)
                for (int j = 0; j < width; ++j) {
                    const double apart = double(x(i, j)) - double(q.view()(i, j));
                    signal += double(x(i, j)) * double(x(i, j));
                    noise += apart * apart;
                }
            const auto error = measured<e4m3, tile_1x128<>>(x, 2);
            CHECK(error.signal == doctest::Approx(signal).epsilon(1e-5));
            CHECK(error.noise == doctest::Approx(noise).epsilon(1e-5));
            CHECK(error.noise_to_signal() < 2e-3);
            CHECK(error.nonzero == 20 * width);
        }
}

TEST_CASE("every format and scaling, from every instruction set") {
    const auto x = random_rows<float>(130, 259, 3);
    measured<e4m3, block_128x128<fp32_scale>>(x, 3);
    measured<e5m2, per_tensor<>>(x, 1);
    measured<e5m2, per_row<power_of_two_scale>>(x, 2);
    measured<e4m3, mx_1x32>(x, 4);
    const auto finer = measured<e5m6, tile_1x128<>>(x, 2);
    CHECK(finer.noise_to_signal() == doctest::Approx(1.11e-5).epsilon(0.03));
}

TEST_CASE("numbers that became zero are counted, zeros are not") {
    guarded<float> x(2, 128);
    test::fill(x.view(), 0.0F);
    x(0, 0) = 448;                            // scale 1, smallest code 2^-9
    x(0, 1) = 0x1p-10F, x(0, 2) = -0x1p-30F;  // half of it, a tie, goes to zero
    x(0, 3) = 0x1.1p-10F, x(0, 4) = -0.0F;
    const auto error = measured<e4m3, tile_1x128<>>(x, 1);
    CHECK(error.nonzero == 4);
    CHECK(error.flushed == 2);
    CHECK(error.flushed_share() == 0.5);
    test::fill(x.view(), 0.0F);
    CHECK(measured<e4m3, tile_1x128<>>(x, 1).noise_to_signal() == 0);
}

TEST_CASE("what is not finite shows") {
    auto x = random_rows<float>(3, 200, 3);
    x(1, 150) = std::numeric_limits<float>::infinity();
    CHECK(std::isnan(measured<e4m3, tile_1x128<>>(x, 2).noise_to_signal()));
}

}  // namespace
