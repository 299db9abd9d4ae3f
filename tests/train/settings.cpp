// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/train/settings.hpp>

TEST_CASE("a run without further words is a sensible one") {
    const moe::settings s;
    CHECK(s.steps > 0);
    CHECK(s.rate > 0);
    CHECK(s.grains == 1);
    CHECK(s.keep >= 1);
    CHECK(!s.resume);
    CHECK(s.data.empty());
}
