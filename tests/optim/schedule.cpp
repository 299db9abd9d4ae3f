// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/optim/schedule.hpp>

#include <initializer_list>

namespace {

using namespace moe;
using doctest::Approx;

constexpr auto every_curve = {decay_curve::constant, decay_curve::cosine,
                              decay_curve::warmup_stable_decay};

TEST_CASE("the warm-up is linear, begins above zero and ends at the peak") {
    for (const decay_curve curve : every_curve) {
        const schedule s{.curve = curve, .peak = 0.8, .steps = 100, .warmup = 4};
        CHECK(s.rate(0) == Approx(0.2));
        CHECK(s.rate(1) == Approx(0.4));
        CHECK(s.rate(3) == Approx(0.8));
    }
}

TEST_CASE("constant stays at the peak, for ever") {
    const schedule s{.curve = decay_curve::constant, .peak = 0.8, .steps = 100, .warmup = 0};
    for (const int step : {0, 1, 50, 99, 100, 5000}) CHECK(s.rate(step) == 0.8);
}

TEST_CASE("a cosine falls from the peak to its final share") {
    const schedule s{.peak = 2, .steps = 110, .warmup = 10, .final_share = 0.1};
    CHECK(s.rate(9) == 2);
    CHECK(s.rate(59) == Approx(2 * (0.1 + 0.9 / 2)));  // half way
    CHECK(s.rate(109) == Approx(0.2));
    CHECK(s.rate(110) == Approx(0.2));
    CHECK(s.rate(10000) == Approx(0.2));
    for (int step = 10; step < 110; ++step) CHECK(s.rate(step) < s.rate(step - 1));
}

TEST_CASE("warm-up, stable, decay: constant until the last share, then a line") {
    const schedule s{.curve = decay_curve::warmup_stable_decay,
                     .peak = 2,
                     .steps = 100,
                     .warmup = 10,
                     .final_share = 0.5,
                     .decay_share = 0.2};
    for (int step = 9; step < 80; ++step) CHECK(s.rate(step) == 2);
    CHECK(s.rate(89) == Approx(1.5));
    CHECK(s.rate(99) == Approx(1));
    CHECK(s.rate(500) == Approx(1));
    for (int step = 80; step < 100; ++step)
        CHECK(s.rate(step - 1) - s.rate(step) == Approx(1.0 / 20));
}

TEST_CASE("odd settings still give a rate between the final one and the peak") {
    for (const decay_curve curve : every_curve)
        for (const int steps : {0, 1, 2, 5})
            for (const int warmup : {0, 1, 2, 7})
                for (const double decay_share : {0.0, 0.3, 1.0, 2.0})
                    for (int step = 0; step < 12; ++step) {
                        const schedule s{curve, 1, steps, warmup, 0.1, decay_share};
                        const double rate = s.rate(step);
                        CHECK(rate > 0);
                        CHECK(rate <= 1);
                        if (step >= warmup) CHECK(rate >= 0.1);
                        if (step >= warmup && step + 1 >= steps && curve == decay_curve::cosine)
                            CHECK(rate == Approx(0.1));
                    }
}

}  // namespace
