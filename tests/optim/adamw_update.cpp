// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/optim/adamw_update.hpp>

namespace {

using namespace moe;
using test::guarded, test::random_rows;

static_assert(integer_power(2, 0) == 1 && integer_power(2, 1) == 2 && integer_power(3, 5) == 243);
static_assert(integer_power(0.5, 1000) > 0 && integer_power(0.9, 1000000) == 0);

// The algorithm of the paper, scalar by scalar, for several steps with changing rates.
template <class T> void several_steps(bool decays, double tolerance) {
    const adamw policy{.beta1 = 0.8, .beta2 = 0.9, .epsilon = 1e-6, .decay = 0.2};
    auto w = random_rows<T>(3, 4, 1);
    guarded<T> g(3, 4), m(3, 4), v(3, 4);
    test::fill(m.view(), T(0));
    test::fill(v.view(), T(0));
    double we[3][4], me[3][4] = {}, ve[3][4] = {};
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 4; ++j) we[i][j] = w(i, j);
    for (int step = 1; step <= 7; ++step) {
        const double rate = 0.1 / step, clip = step % 2 ? 1 : 0.25;
        test::fill_random(g.view(), std::uint64_t(step));
        for (int i = 0; i < 3; ++i)
            for (int j = 0; j < 4; ++j) {
                const double gradient = clip * g(i, j);
                me[i][j] = 0.8 * me[i][j] + 0.2 * gradient;
                ve[i][j] = 0.9 * ve[i][j] + 0.1 * gradient * gradient;
                const double mean = me[i][j] / (1 - std::pow(0.8, step));
                const double square = ve[i][j] / (1 - std::pow(0.9, step));
                we[i][j] -=
                    rate * (mean / (std::sqrt(square) + 1e-6) + (decays ? 0.2 * we[i][j] : 0.0));
            }
        policy.update(reference{}, w.view(), g.view(), {m.view(), v.view()}, weight_copies<T>{}, 3,
                      {.step = step, .rate = rate, .clip = clip, .decays = decays});
        for (int i = 0; i < 3; ++i)
            for (int j = 0; j < 4; ++j) {
                CHECK(w(i, j) == doctest::Approx(we[i][j]).epsilon(tolerance));
                CHECK(g(i, j) == 0);
            }
    }
}

TEST_CASE("several steps follow the paper's algorithm, with and without decay") {
    several_steps<double>(true, 1e-12);
    several_steps<double>(false, 1e-12);
    several_steps<float>(true, 1e-5);
}

TEST_CASE("on the CPU the packed copy is that of the new weights") {
    test::on_every_machine([&](auto on) {
        auto w = random_rows<float>(2 * 66, 40, 1), g = random_rows<float>(2 * 66, 40, 2);
        guarded<float> m(132, 40), v(132, 40), packed(1, 132 * 40), expected(1, 132 * 40);
        test::fill(m.view(), 0.0F);
        test::fill(v.view(), 0.0F);
        adamw{}.update(on, w.view(), g.view(), {m.view(), v.view()},
                       weight_copies<float>{packed.data()}, 66, {.rate = 0.1});
        for (int i = 0; i < 2; ++i)
            op::pack(reference{}, weight_copies<float>{expected.data() + i * 66 * 40},
                     w.view().part(i * 66, 66));
        CHECK(test::same_bits(packed, expected));
        CHECK(packed.intact());
    });
}

}  // namespace
