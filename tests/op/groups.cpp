// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/op/groups.hpp>

TEST_CASE("the last group ends where the rows end") {
    const int first[] = {0, 3, 3, 7};
    CHECK(moe::groups{first, 3}.rows() == 7);
    const int none[] = {0};
    CHECK(moe::groups{none, 0}.rows() == 0);
}
