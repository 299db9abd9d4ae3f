// SPDX-License-Identifier: MIT
#include "tests/support/collectives.hpp"

#include <moe/comm/alone.hpp>

#include <doctest/doctest.h>

TEST_CASE("one rank is a world, too, and sends nothing") {
    moe::alone ranks;
    CHECK(ranks.size() == 1);
    CHECK(ranks.rank() == 0);
    test::check_collectives(ranks);
    CHECK(ranks.sent().total() == 0);
    CHECK(ranks.sent().checks == 0);
}
