// SPDX-License-Identifier: MIT
#include <moe/comm/mesh.hpp>

#include <doctest/doctest.h>

#include <type_traits>

namespace {
struct says_no {
    static constexpr bool is_mesh = false;
};
}  // namespace

TEST_CASE("a mesh says that it is one; the mesh of one rank says nothing else") {
    CHECK(moe::mesh_policy<moe::mesh>);
    CHECK(std::is_empty_v<moe::mesh>);
    CHECK_FALSE(moe::mesh_policy<says_no>);
    CHECK_FALSE(moe::mesh_policy<int>);
}
