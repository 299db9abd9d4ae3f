// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/device/emulator/shadow.hpp>

namespace {

using namespace moe::emulator;

struct world {
    shadow memory{64, false};
    knowledge known[3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    int races = 0;

    moment now(std::uint16_t agent) const { return {known[agent][agent], agent, 7, 1}; }
    void read(std::uint16_t agent, std::size_t at = 8) {
        memory.read(at, 4, now(agent), known[agent], [&](const moment&, bool) { ++races; });
    }
    void write(std::uint16_t agent, std::size_t at = 8) {
        memory.write(at, 4, now(agent), known[agent], [&](const moment&, bool) { ++races; });
    }
    // What 'from' did so far comes before what 'to' does next.
    void order(int from, int to) {
        learn(known[to], known[from]);
        ++known[from][std::size_t(from)];
    }
};

TEST_CASE("reads do not race; a write races with every access that is not ordered before it") {
    world w;
    w.write(0);
    w.order(0, 1), w.order(0, 2);
    w.read(1), w.read(2), w.read(0);
    CHECK(w.races == 0);
    w.order(1, 0);
    w.write(0);  // agent 2 may still read
    CHECK(w.races == 2);
}

TEST_CASE("a reader is remembered behind many later ones") {
    world w;
    w.read(0), w.read(1), w.read(2);
    w.order(0, 2), w.read(2), w.read(2);
    w.write(2);
    CHECK(w.races == 2);  // with agent 1, for two grains
}

TEST_CASE("order is handed on") {
    world w;
    w.write(0);
    w.order(0, 1), w.order(1, 2);
    w.write(2);
    CHECK(w.races == 0);
    w.read(0);
    CHECK(w.races == 2);
}

TEST_CASE("neighbours do not race, other blocks always do, a new launch forgets") {
    world w;
    w.write(0, 8), w.write(1, 12);
    CHECK(w.races == 0);
    const moment elsewhere{1, 0, 7, 2};
    w.memory.read(8, 2, elsewhere, w.known[0], [&](const moment&, bool) { ++w.races; });
    CHECK(w.races == 1);
    w.memory.forget();
    w.write(2);
    CHECK(w.races == 1);
}

TEST_CASE("what was written is known to the byte") {
    shadow memory(16, false);
    memory.mark_written(3, 5);
    CHECK(memory.is_written(3, 5));
    CHECK(!memory.is_written(2, 2));
    CHECK(!memory.is_written(7, 2));
    memory.unwrite();
    CHECK(!memory.is_written(4, 1));
    CHECK(shadow(8, true).is_written(0, 8));
}

}  // namespace
