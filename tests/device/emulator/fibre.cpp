// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/device/emulator/fibre.hpp>

#include <vector>

namespace {

using namespace moe::emulator;

struct party {
    fibre main;
    std::vector<fibre> guests;
    std::vector<int> order;
    std::vector<double> sums;
    int live = 0;
};
struct guest {
    party* of;
    int index, turns;
};

// Locals, saved registers and the aligned stack must survive every switch.
void visit(void* argument) {
    const guest me = *static_cast<guest*>(argument);
    alignas(32) double squares[4] = {};
    for (int turn = 0; turn < me.turns; ++turn) {
        for (int j = 0; j < 4; ++j) squares[j] += double(me.index + j) * turn;
        me.of->order.push_back(me.index);
        fibre::change(me.of->guests[std::size_t(me.index)], me.of->main);
    }
    CHECK(reinterpret_cast<std::uintptr_t>(&squares[0]) % 32 == 0);
    me.of->sums[std::size_t(me.index)] = squares[0] + squares[1] + squares[2] + squares[3];
    --me.of->live;
    fibre::change(me.of->guests[std::size_t(me.index)], me.of->main);
}

TEST_CASE("fibres keep their place and their locals") {
    constexpr int count = 33;
    const stacks memory(count);
    party all;
    all.guests.resize(count);
    all.sums.resize(count);
    std::vector<guest> list;
    for (int i = 0; i < count; ++i) list.push_back({&all, i, 1 + i % 5});
    all.live = count;
    std::vector<bool> left(count, false);
    for (int i = 0; i < count; ++i)
        all.guests[std::size_t(i)].start(&visit, &list[std::size_t(i)], memory[i]);
    for (int round = 0; all.live > 0; ++round) {
        CHECK(round < 7);
        for (int i = 0; i < count; ++i)
            if (round <= list[std::size_t(i)].turns)
                fibre::change(all.main, all.guests[std::size_t(i)]);
    }
    int turns = 0;
    for (int i = 0; i < count; ++i) {
        const int n = list[std::size_t(i)].turns;
        turns += n;
        CHECK(all.sums[std::size_t(i)] == (4 * i + 6) * (n * (n - 1) / 2));
    }
    CHECK(int(all.order.size()) == turns);
}

void deep(fibre& self, fibre& back, int levels) {
    volatile char page[512] = {1};
    if (levels == 0)
        fibre::change(self, back);
    else
        deep(self, back, levels - 1);
    page[0] = page[1];
}
struct pair {
    fibre self, back;
    bool ended = false;
};
TEST_CASE("a fibre gives way from deep inside") {
    const stacks memory(1);
    pair both;
    both.self.start(
        [](void* argument) {
            pair& in = *static_cast<pair*>(argument);
            deep(in.self, in.back, 40);
            in.ended = true;
            fibre::change(in.self, in.back);
        },
        &both, memory[0]);
    fibre::change(both.back, both.self);
    CHECK(!both.ended);
    fibre::change(both.back, both.self);
    CHECK(both.ended);
}

}  // namespace
