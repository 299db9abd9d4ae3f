// SPDX-License-Identifier: MIT
#include "tests/support/faulty_kernels.hpp"

namespace {

using namespace moe;
using namespace moe::emulator;
using kind = finding::kind;
using test::data, test::finds, test::says;

TEST_CASE("deadlocks say who waits where") {
    const std::string words = finds<[](auto& cx, const data&) {
        if (cx.warp() == 0) cx.sync();
    }>(kind::deadlock);
    says(words, "32 threads wait at sync at block.cpp:");
    says(words, "barrier 0 has 32 of 64; 32 have ended");
    says(finds<[](auto& cx, const data&) {
             if (cx.lane() != 0) cx.shuffle(1, 3);
         },
               32>(kind::deadlock),
         "31 threads wait at shuffle");
    finds<[](auto& cx, const data&) {
        cx.warp() == 0 ? cx.barrier_sync(1, 64) : cx.barrier_sync(2, 64);
    }>(kind::deadlock);
}

TEST_CASE("lanes and threads that come to different places") {
    says(finds<[](auto& cx, const data&) {
             if (cx.lane() % 2)
                 cx.shuffle(1, 3);
             else
                 cx.ballot(true);
         },
               32>(kind::divergence),
         "but lanes of its warp wait at");
    finds<[](auto& cx, const data&) {
        cx.sync_warp(cx.lane() < 8 ? 0x01FFU : cx.lane() < 16 ? 0xFFFFU : 0xFFFF0000U);
    },
          32>(kind::divergence);
    says(finds<[](auto& cx, const data&) { cx.sync_warp(0xFFU); }, 32>(kind::divergence),
         "is not in the mask");
    finds<[](auto& cx, const data&) { cx.shuffle(1, 20, cx.lane() < 16 ? 0xFFFFU : 0xFFFF0000U); },
          32>(kind::divergence);
    says(finds<[](auto& cx, const data&) {
             if (cx.warp() == 0)
                 cx.sync();
             else
                 cx.sync();
         }>(kind::divergence),
         "but others wait at sync");
    says(finds<[](auto& cx, const data&) { cx.barrier_sync(1, cx.warp() == 0 ? 64 : 96); }>(
             kind::divergence),
         "threads");
}

TEST_CASE("an error does not keep later launches from working") {
    using good = test::faulty<[](auto& cx, const data& p) {
        cx.store(p.out + cx.thread(), cx.load(p.in + cx.thread()));
    },
                              64>;
    std::vector<float> out(64), in(64, 3.F);
    memory buffers;
    buffers.output("out", out.data(), 64).input("in", in.data(), 64);
    const report told = launch<good, sm80>({}, {out.data(), nullptr, in.data()}, buffers);
    CHECK(told.clean());
    CHECK(out == in);
}

}  // namespace
