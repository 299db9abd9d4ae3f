// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"

#include <moe/core/random.hpp>
#include <moe/precision/compensated.cpu.hpp>
#include <moe/precision/rounding_words.hpp>

#include <cmath>
#include <limits>
#include <vector>

namespace {

using moe::bfloat16;

// Sums of 10000 positive numbers of about one, exactly and in three ways.
struct sums {
    double exact = 0;
    bfloat16 nearest{0.0F}, stochastic{0.0F};
    moe::kahan_sum kahan;

    explicit sums(std::uint64_t seed) {
        for (std::uint64_t i = 0; i < 10000; ++i) {
            const float x = 0.5F + moe::random_uniform(seed, 0, i);
            exact += double(x);
            nearest = moe::add_nearest(nearest, x);
            stochastic = moe::add_stochastically(stochastic, x, moe::rounding_word(seed, 1, i));
            kahan.add(x);
        }
    }
};

TEST_CASE("a long sum stops growing when rounded to the nearest, and not otherwise") {
    double average = 0;
    constexpr int trials = 30;
    for (int trial = 0; trial < trials; ++trial) {
        const sums of{std::uint64_t(trial)};
        CHECK(double(float(of.nearest)) < 0.1 * of.exact);
        CHECK(double(of.kahan.value()) == doctest::Approx(of.exact).epsilon(0x1p-8));
        CHECK(double(float(of.stochastic)) == doctest::Approx(of.exact).epsilon(0.2));
        average += double(float(of.stochastic)) / of.exact / trials;
    }
    CHECK(average == doctest::Approx(1).epsilon(0.02));
}

TEST_CASE("what a sum lost comes back") {
    moe::kahan_sum s;
    s.add(256);
    for (int i = 0; i < 8; ++i) s.add(0.25F);
    CHECK(s.value() == 258);
    CHECK(float(s.sum) == 258);
    for (int i = 0; i < 8; ++i) s.add(-0.25F);
    CHECK(s.value() == 256);
}

TEST_CASE("a sum that is not finite stays so") {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    moe::kahan_sum s;
    s.add(infinity);
    s.add(1);
    CHECK(s.value() == infinity);
    s.add(std::numeric_limits<float>::quiet_NaN());
    CHECK(std::isnan(s.value()));
    CHECK(float(moe::add_stochastically(bfloat16(infinity), 1, 0xFFFFFFFFU)) == infinity);
}

TEST_CASE("every instruction set has the specification's sums") {
    test::on_every_isa(1, [](auto on) {
        const typename decltype(on)::instructions isa;
        for (const int count : {0, 1, 16, 63, 64, 150}) {
            const auto n = std::size_t(count);
            std::vector<moe::kahan_sum> kahan(n);
            std::vector<bfloat16> sum(n + 1, bfloat16(0)), lost = sum, random = sum, expected = sum;
            for (std::uint64_t step = 0; step < 50; ++step) {
                std::vector<float> x(n);
                for (std::size_t i = 0; i < n; ++i)
                    x[i] = std::ldexp(moe::random_normal(step, 0, i), int(i % 30) - 15);
                if (step == 30 && count > 20)
                    x[5] = std::numeric_limits<float>::infinity(), x[20] = -NAN;
                moe::add_kahan(isa, sum.data(), lost.data(), x.data(), count);
                moe::add_stochastically(isa, random.data(), x.data(), count, 7, step, 6400);
                for (std::size_t i = 0; i < n; ++i) {
                    kahan[i].add(x[i]);
                    REQUIRE(sum[i].bits == kahan[i].sum.bits);
                    REQUIRE(lost[i].bits == kahan[i].lost.bits);
                    expected[i] = moe::add_stochastically(expected[i], x[i],
                                                          moe::rounding_word(7, step, 6400 + i));
                    REQUIRE(random[i].bits == expected[i].bits);
                }
            }
            CHECK(float(sum[n]) == 0);
            CHECK(float(random[n]) == 0);
        }
    });
}

}  // namespace
