// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/device/emulator/scheduler.hpp>

#include <vector>

namespace {

using namespace moe::emulator;

struct play {
    scheduler s{96};
    std::vector<int> order;
    int steps = 3;
    bool stuck = false;

    static void thread(void* argument) {
        play& in = *static_cast<play*>(argument);
        for (int i = 0; i < in.steps; ++i) {
            in.order.push_back(in.s.current());
            in.s.give_way();
        }
        if (in.stuck && in.s.current() == 40) in.s.wait();
        in.s.end();
    }
    bool run(schedule order_by, std::uint64_t seed) {
        order.clear();
        return s.run(&thread, this, {.order = order_by}, seed, [] {});
    }
};

TEST_CASE("every thread has all its turns, in an order that the seed decides") {
    for (const schedule by : {schedule::in_turn, schedule::at_random, schedule::favourites}) {
        play p;
        CHECK(p.run(by, 1));
        const std::vector<int> first = p.order;
        std::vector<int> turns(96, 0);
        for (const int t : first) ++turns[std::size_t(t)];
        for (const int n : turns) CHECK(n == 3);
        CHECK(p.run(by, 1));
        CHECK(p.order == first);
        CHECK(p.run(by, 2));
        CHECK((p.order == first) == (by == schedule::in_turn));
    }
}

TEST_CASE("a favourite warp ends before the others begin") {
    play p;
    CHECK(p.run(schedule::favourites, 3));
    for (std::size_t i = 0; i < p.order.size(); ++i)
        CHECK(p.order[i] / 32 == p.order[i / 96 * 96] / 32);
}

TEST_CASE("who waits and is not woken keeps the launch from ending") {
    play p;
    p.stuck = true;
    CHECK(!p.run(schedule::at_random, 1));
    CHECK(p.s.live() == 1);
    CHECK(p.s.state_of(40) == scheduler::state::waiting);
    CHECK(p.s.state_of(41) == scheduler::state::done);
}

}  // namespace
