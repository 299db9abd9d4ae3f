// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/device/emulator/crew.hpp>

namespace {

using namespace moe::emulator;

struct small_crew : crew {
    small_crew() : crew(64, {}) { gather({2, 1, 0}, 6); }
    using crew::count_calls, crew::engine, crew::me, crew::mine;
};

TEST_CASE("a thread begins with a clock of its own and knows of nobody") {
    small_crew all;
    CHECK(all.threads() == 64);
    CHECK(all.who(5) == "thread 5 of block (2, 1, 0)");
    CHECK(all.me().known.size() == 128);
    CHECK(all.me().known[0] == 1);
    CHECK(all.me().known[1] == 0);
    CHECK(all.engine(3) == 67);
    const moment now = all.mine(9);
    CHECK(now.clock == 1);
    CHECK(now.site == 9);
    CHECK(now.block == 7);
}

TEST_CASE("calls are counted by site and thread") {
    small_crew all;
    for (std::uint32_t i = 0; i < 3; ++i) {
        std::uint32_t call;
        CHECK(all.enter("load", {"x.cpp", 10, 1}, 1, call) == 0);
        CHECK(call == i);
        CHECK(all.enter("store", {"x.cpp", 10, 1}, 1, call) == 1);
    }
    all.count_calls();
    CHECK(all.sites.uses[0].most_calls == 3);
    CHECK(all.name(1) == "store at x.cpp:10");
}

TEST_CASE("a finding that ends the launch is written before it is thrown, once") {
    small_crew all;
    for (int i = 0; i < 2; ++i)
        CHECK_THROWS_AS(all.stop(finding::kind::bounds, 0, -1, "outside"), crew::stopped);
    CHECK(all.book.findings.size() == 1);
    CHECK(all.book.findings[0].text == "outside");
}

}  // namespace
