// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/device/emulator/launch.hpp>

#include <vector>

namespace {

using namespace moe;
using namespace moe::emulator;

struct blocks_kernel {
    static constexpr int threads = 32, shared_bytes = 128;
    struct parameters {
        int* order;
        int* count;
        int width;
    };
    template <class Cx> static void run(Cx& cx, const parameters& p) {
        const int self = cx.block_y() * p.width + cx.block_x();
        cx.store(shared<int>{0} + cx.lane(), self);
        cx.sync();
        if (cx.thread() == 0) p.order[(*p.count)++] = cx.load(shared<int>{0} + 5);
    }
};

std::vector<int> order_of_blocks(const options& how) {
    std::vector<int> order(12, -1);
    int count = 0;
    memory none;
    const report told = launch<blocks_kernel, sm80>({4, 3}, {order.data(), &count, 4}, none, how);
    CHECK_MESSAGE(told.clean(), told.text());
    CHECK(count == 12);
    CHECK(told.sites.size() == 3);
    CHECK(told.sites[0].most_calls == 1);
    CHECK(told.switches >= 12 * 32);
    return order;
}

TEST_CASE("all blocks of the grid run, in an order of the seed's") {
    const auto in_turn = order_of_blocks({.order = schedule::in_turn});
    for (int i = 0; i < 12; ++i) CHECK(in_turn[std::size_t(i)] == i);
    auto one = order_of_blocks({.seed = 1}), two = order_of_blocks({.seed = 2});
    CHECK(one == order_of_blocks({.seed = 1}));
    CHECK(one != two);
    std::sort(one.begin(), one.end());
    CHECK(one == in_turn);
}

struct throwing_kernel {
    static constexpr int threads = 64, shared_bytes = 0;
    struct parameters {};
    template <class Cx> static void run(Cx& cx, const parameters&) {
        cx.sync();
        if (cx.thread() == 40) throw 7;
    }
};
TEST_CASE("what a kernel throws here comes out of the launch") {
    memory none;
    CHECK_THROWS_AS((launch<throwing_kernel, sm80>({2}, {}, none)), int);
}

// Every kind of change to a call is one that a result or a finding can show.
struct sum_kernel {
    static constexpr int threads = 32, shared_bytes = 128;
    struct parameters {
        float* out;
        const float* in;
    };
    template <class Cx> static void run(Cx& cx, const parameters& p) {
        float x = cx.load(p.in + cx.lane());
        for (int flip = 16; flip > 0; flip /= 2)
            x = 3 * x + cx.shuffle_xor(x, flip);  // no two lanes alike
        cx.store(p.out + cx.lane(), x);
    }
};
TEST_CASE("mutants are changed kernels") {
    std::vector<float> in(34), out(34);
    for (std::size_t i = 0; i < 34; ++i) in[i] = float(i * i);
    const auto run = [&](const mutant& change) {
        std::fill(out.begin(), out.end(), -1.F);
        memory buffers;
        buffers.input("in", in.data() + 1, 32).output("out", out.data() + 1, 32);
        return launch<sum_kernel, sm80>({}, {out.data() + 1, in.data() + 1}, buffers,
                                        {.change = change});
    };
    const report sound = run({});
    CHECK(sound.clean());
    const std::vector<float> expected = out;
    int mutants = 0;
    for (const site_use& use : sound.sites)
        for (int number = -1; number < use.numbers; ++number)
            for (std::int64_t call = -1; call < use.most_calls; ++call)
                for (const auto what : {mutant::change::plus, mutant::change::minus}) {
                    ++mutants;
                    const report told = run({use.at, number < 0 ? mutant::change::drop : what,
                                             number < 0 ? 0 : number, call});
                    CHECK((!told.clean() || out != expected));
                }
    CHECK(mutants == 2 * (2 * 2 + 2 * 6 + 2 * 2));
}

}  // namespace
