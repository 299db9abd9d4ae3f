// SPDX-License-Identifier: MIT
// The kernel that docs/kernels.md shows.
#include <doctest/doctest.h>
#include <moe/device/emulator/launch.hpp>

#include <vector>

// [own_kernel]
// out[i] = in[count - 1 - i], a block of 64 numbers at a time
struct reversal {
    static constexpr int threads = 64, blocks_at_once = 1, shared_bytes = 64 * 4;

    struct parameters {
        float* out;
        const float* in;
        int count;  // a multiple of 64
    };

    template <class Cx> MOE_DEVICE static void run(Cx& cx, const parameters& p) {
        const int first = cx.block_x() * threads;
        const moe::shared<float> held{0};
        cx.store(held + cx.thread(), cx.load(p.in + first + cx.thread()));
        cx.sync();
        cx.store(p.out + p.count - threads - first + cx.thread(),
                 cx.load(held + (threads - 1 - cx.thread())));
    }
};
// [own_kernel]

namespace {

// [own_kernel_test]
TEST_CASE("a reversal reverses, under every schedule") {
    using namespace moe::emulator;
    std::vector<float> in(256), out(256);
    for (std::size_t i = 0; i < in.size(); ++i) in[i] = float(i);
    for (const schedule order : {schedule::in_turn, schedule::at_random, schedule::favourites}) {
        memory buffers;
        buffers.input("in", in.data(), in.size()).output("out", out.data(), out.size());
        const report told = launch<reversal, moe::sm80>({4}, {out.data(), in.data(), 256}, buffers,
                                                        {.seed = 1, .order = order});
        CHECK_MESSAGE(told.clean(), told.text());
        CHECK(told.shared().wavefronts == told.shared().fewest);  // no bank conflict
        for (std::size_t i = 0; i < out.size(); ++i) CHECK(out[i] == in[255 - i]);
    }
}
// [own_kernel_test]

TEST_CASE("without its barrier it is a race, and the words say where") {
    using namespace moe::emulator;
    std::vector<float> in(64), out(64);
    const auto run = [&](const mutant& change) {
        memory buffers;
        buffers.input("in", in.data(), 64).output("out", out.data(), 64);
        return launch<reversal, moe::sm80>(
            {1}, {out.data(), in.data(), 64}, buffers,
            {.seed = 1, .order = schedule::in_turn, .change = change});
    };
    for (const site_use& use : run({}).sites) {
        if (std::strcmp(use.at.atom, "sync") != 0) continue;
        const report told = run({use.at, mutant::change::drop});
        CHECK(told.has(finding::kind::race));
        CHECK(told.text().find("load at own_kernel.cpp:") != std::string::npos);
        CHECK(told.text().find("store at own_kernel.cpp:") != std::string::npos);
    }
}

}  // namespace
