// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/model/bytes.hpp>

#include <string>

TEST_CASE("the total is the sum over the roles, and every role is told") {
    const moe::byte_plan plan{.weights = 1,
                              .packed = 2,
                              .gradients = 4,
                              .moments = 8,
                              .activations = 16,
                              .workspace = 32,
                              .tables = 64};
    std::size_t sum = 0;
    std::string roles;
    plan.each([&](const char* role, std::size_t bytes) {
        sum += bytes;
        roles += std::string(role) + ' ';
    });
    CHECK(plan.total() == 127);
    CHECK(sum == 127);
    CHECK(roles == "weights packed gradients moments activations workspace tables ");
}
