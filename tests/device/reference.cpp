// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/device/reference.hpp>

#include <vector>

TEST_CASE("the reference visits everything in order") {
    std::vector<int> order;
    moe::reference{}.each(4, [&](int i) { order.push_back(i); });
    CHECK(order == std::vector<int>{0, 1, 2, 3});
    moe::reference{}.each(0, [&](int) { order.clear(); });
    CHECK(order.size() == 4);
}
