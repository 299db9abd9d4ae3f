// SPDX-License-Identifier: MIT
#include <moe/comm/transport.hpp>

#include <doctest/doctest.h>

namespace {
struct mute {
    int rank() const { return 0; }
};
}  // namespace

TEST_CASE("who cannot move anything is no transport") { CHECK_FALSE(moe::transport<mute>); }

TEST_CASE("the end of a group says who is missing") {
    CHECK(moe::arrival{});
    CHECK_FALSE(moe::arrival{0, "no word"});
}

TEST_CASE("members of a colour stand in the order of keys, then of ranks") {
    const int colours[] = {1, 0, 1, 1, 0, 1}, keys[] = {5, 0, 2, 5, 0, -1};
    CHECK(moe::members_of(1, colours, keys) == std::vector<int>{5, 2, 0, 3});
    CHECK(moe::members_of(0, colours, keys) == std::vector<int>{1, 4});
    CHECK(moe::members_of(7, colours, keys).empty());
}
