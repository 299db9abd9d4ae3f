// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/core/math.hpp>
#include <moe/core/random.hpp>

#include <limits>

static_assert(moe::ceil_divide(7, 3) == 3 && moe::ceil_divide(6, 3) == 2 &&
              moe::ceil_divide(0, 3) == 0);
static_assert(moe::round_up(7, 4) == 8 && moe::round_up(8, 4) == 8);

TEST_CASE("parts cover everything once and differ in size by at most one") {
    for (const std::int64_t count : {0, 1, 5, 16, 17})
        for (const std::int64_t parts : {1, 2, 3, 8, 20}) {
            std::int64_t next = 0, least = count, most = 0;
            for (std::int64_t i = 0; i < parts; ++i) {
                const moe::interval one = moe::part_of(count, parts, i);
                CHECK(one.first == next);
                next = one.last;
                least = std::min(least, one.count());
                most = std::max(most, one.count());
            }
            CHECK(next == count);
            CHECK(most - least <= 1);
        }
}

TEST_CASE("the exponential is within two units in the last place") {
    double worst = 0;
    for (std::uint64_t i = 0; i < 200000; ++i) {
        const float x = moe::random_uniform(1, 0, i) * 174 - 87;
        const double expected = std::exp(double(x));
        const float ulp =
            std::nextafter(float(expected), std::numeric_limits<float>::max()) - float(expected);
        worst = std::max(worst, std::abs(double(moe::exponential(x)) - expected) / double(ulp));
    }
    CHECK(worst < 2);
}

TEST_CASE("the exponential at its edges") {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    CHECK(moe::exponential(0.0F) == 1.0F);
    CHECK(moe::exponential(-infinity) == 0.0F);
    CHECK(moe::exponential(-100.0F) == 0.0F);
    CHECK(std::isfinite(moe::exponential(infinity)));
    CHECK(moe::exponential(infinity) > 1e38F);
    CHECK(std::isnan(moe::exponential(std::numeric_limits<float>::quiet_NaN())));
    CHECK(moe::sigmoid(0.0F) == 0.5F);
    CHECK(moe::sigmoid(-1000.0F) == doctest::Approx(0));
    CHECK(moe::sigmoid(1000.0F) == 1.0F);
}

TEST_CASE("the logarithm is within two units in the last place") {
    double worst = 0;
    for (std::uint64_t i = 0; i < 200000; ++i) {
        const float spread = moe::random_uniform(2, 0, i) * 240 - 120;
        const float x = i % 2 ? std::exp2(spread) : 1 + spread / 1000;
        const double expected = std::log(double(x));
        const float ulp =
            std::nextafter(std::abs(float(expected)), 1000.0F) - std::abs(float(expected));
        worst = std::max(worst, std::abs(double(moe::logarithm(x)) - expected) / double(ulp));
    }
    CHECK(worst < 2);
    CHECK(moe::logarithm(1.0F) == 0.0F);
    CHECK(std::isnan(moe::logarithm(std::numeric_limits<float>::quiet_NaN())));
}
