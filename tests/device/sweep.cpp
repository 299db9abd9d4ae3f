// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/device/sweep.hpp>

namespace {

using namespace moe;

TEST_CASE("a sweep visits every number of a row once and touches nothing else") {
    for (int width = 0; width <= 50; ++width) {
        CAPTURE(width);
        const auto x = test::random_rows<float>(1, width, 1);
        test::on_every_isa(1, [&](auto on) {
            using vector = typename decltype(on)::vector;
            test::guarded<float> y(1, width);
            vector total = vector::splat(0);
            sweep(width, [&](int j, auto n) {
                const auto value = load<vector>(x.data() + j, n);
                total = total + value;  // lanes behind the row are zero, not poison
                store(y.data() + j, n, value + value);
            });
            bool right = true;
            for (int j = 0; j < width; ++j) right = right && y(0, j) == 2 * x(0, j);
            CHECK(right);
            CHECK(std::isfinite(sum(total)));
            CHECK(y.intact());
        });
    }
}

}  // namespace
