// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/device/emulator/options.hpp>

namespace {

using namespace moe::emulator;

TEST_CASE("dice repeat from a seed and show every face") {
    dice one(5), again(5), other(6);
    int faces[6] = {}, same = 0;
    for (int i = 0; i < 6000; ++i) {
        const std::uint32_t face = one.below(6);
        REQUIRE(face < 6);
        CHECK(face == again.below(6));
        same += face == other.below(6);
        ++faces[face];
    }
    for (const int count : faces) CHECK(std::abs(count - 1000) < 150);
    CHECK(std::abs(same - 1000) < 150);
    CHECK(one.below(1) == 0);
}

TEST_CASE("without being asked nothing is changed") {
    CHECK(options{}.change.what == mutant::change::none);
    CHECK(options{}.races);
}

}  // namespace
