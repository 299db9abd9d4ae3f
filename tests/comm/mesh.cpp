// SPDX-License-Identifier: MIT
#include <moe/comm/mesh.hpp>

#include <doctest/doctest.h>

#include <string>

namespace {
struct says_no {
    static constexpr bool is_mesh = false;
};
struct says_yes {
    static constexpr bool is_mesh = true;
};
}  // namespace

TEST_CASE("a mesh says that it is one, and how many ranks it has") {
    CHECK(moe::mesh_policy<moe::mesh>);
    CHECK_FALSE(moe::mesh_policy<says_no>);
    CHECK_FALSE(moe::mesh_policy<int>);
    CHECK(moe::ranks_of(moe::mesh{}) == 1);
    CHECK(moe::ranks_of(moe::mesh{.data = 8}) == 8);
    CHECK(moe::ranks_of(says_yes{}) == 1);
    CHECK(moe::shares_moments(moe::mesh{.data = 8, .zero = 1}));
    CHECK_FALSE(moe::shares_moments(moe::mesh{.data = 8}));
    CHECK_FALSE(moe::shares_moments(says_yes{}));
}

TEST_CASE("its axes have names") {
    std::string names;
    moe::mesh{.data = 4}.each(
        [&](const char* name, int ranks) { names += name + std::to_string(ranks); });
    CHECK(names == "data4zero0");
}
