// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/core/random.hpp>
#include <moe/optim/update_bound.hpp>

TEST_CASE("the bound of the usual settings") {
    CHECK(moe::largest_update(0.9, 0.95, 1'000'000) == doctest::Approx(1.165).epsilon(1e-3));
    CHECK(moe::largest_update(0.9, 0.999, 1'000'000) == doctest::Approx(7.27).epsilon(1e-3));
    CHECK(std::isinf(moe::largest_update(0.99, 0.95, 10)));
    CHECK(std::isinf(moe::largest_update(0.9, 0, 10)));
}

TEST_CASE("no sequence of gradients goes beyond it, and the worst comes close") {
    constexpr double beta1 = 0.9, beta2 = 0.95;
    double most = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        double m = 0, v = 0;
        for (int step = 1; step <= 60; ++step) {
            // Equality wants gradients in proportion to (beta1 / beta2)^age.
            const double grown = std::pow(beta2 / beta1, step);
            const double g = seed == 0 ? grown
                                       : grown * moe::random_normal(seed, 0, unsigned(step)) *
                                             (seed % 3 == 0 ? std::pow(2.0, step % 7) : 1.0);
            m = beta1 * m + (1 - beta1) * g;
            v = beta2 * v + (1 - beta2) * g * g;
            const double update = std::fabs(m / (1 - std::pow(beta1, step))) /
                                  std::sqrt(v / (1 - std::pow(beta2, step)));
            const double bound = moe::largest_update(beta1, beta2, step);
            REQUIRE(update <= bound * (1 + 1e-9));
            most = std::fmax(most, update / bound);
        }
    }
    CHECK(most > 0.99);
}
