// SPDX-License-Identifier: MIT
// What is wrong with a kernel is found, under every schedule, and the words name the call sites.
#include "tests/support/kernels.hpp"

#include <string>

namespace {

using namespace moe;
using namespace moe::emulator;
using kind = finding::kind;

constexpr int shared_bytes = 1024;
struct data {
    float *out, *both;
    const float* in;
};
template <auto Text, int Threads> struct faulty {
    static constexpr int threads = Threads, shared_bytes = ::shared_bytes;
    using parameters = data;
    template <class Cx> static void run(Cx& cx, const data& p) { Text(cx, p); }
};

// The launch's words, which must be the same kind of finding under every schedule.
template <auto Text, int Threads = 64> std::string finds(kind what, int blocks = 1) {
    std::string words;
    for (const schedule order : test::schedules)
        for (std::uint64_t seed = 1; seed <= 3; ++seed) {
            std::vector<float> out(256), both(256), in(256);
            memory buffers;
            buffers.output("out", out.data(), 256).both("both", both.data(), 256);
            buffers.input("in", in.data(), 256);
            const report told =
                launch<faulty<Text, Threads>, sm80>({blocks}, {out.data(), both.data(), in.data()},
                                                    buffers, {.seed = seed, .order = order});
            CHECK_MESSAGE(told.has(what), told.text());
            words = told.text();
        }
    CHECK_MESSAGE(words.find("block.cpp:") != std::string::npos, words);
    return words;
}
bool says(const std::string& words, const char* what) {
    const bool found = words.find(what) != std::string::npos;
    CHECK_MESSAGE(found, words);
    return found;
}

TEST_CASE("races: no barrier, a barrier too few in a loop, shuffles order nothing") {
    says(finds<[](auto& cx, const data&) {
             cx.store(shared<float>{0} + cx.thread(), 1);
             cx.load(shared<float>{0} + (cx.thread() + 1) % 64);
         }>(kind::race),
         "nothing orders them");
    finds<[](auto& cx, const data&) {
        for (int turn = 0; turn < 2; ++turn) {
            cx.store(shared<float>{0} + cx.thread(), 1);
            cx.sync();
            cx.load(shared<float>{0} + (63 - cx.thread()));
        }
    }>(kind::race);
    finds<[](auto& cx, const data&) {
        cx.store(shared<float>{0} + cx.lane(), 1);
        cx.shuffle_xor(1, 1);
        cx.load(shared<float>{0} + (cx.lane() ^ 1));
    },
          32>(kind::race);
    finds<[](auto& cx, const data&) {  // one warp only is ordered
        cx.store(shared<float>{0} + cx.thread(), 1);
        cx.sync_warp();
        cx.load(shared<float>{0} + (63 - cx.thread()));
    }>(kind::race);
}

TEST_CASE("races in global memory, also between blocks") {
    finds<[](auto& cx, const data& p) { cx.store(p.both + cx.thread() / 2, 1); }>(kind::race);
    says(finds<[](auto& cx, const data& p) { cx.store(p.both + cx.thread(), 1); }>(kind::race, 2),
         "of another block");
    finds<[](auto& cx, const data& p) {
        if (cx.block_x() == 0) cx.store(p.both + cx.thread(), 1);
        if (cx.block_x() == 1) cx.load(p.both + cx.thread());
    }>(kind::race, 2);
}

TEST_CASE("copies that nobody waited for, or told the others of, or overtaken by a write") {
    says(finds<[](auto& cx, const data& p) {
             cx.copy_async(shared<words<4>>{0} + cx.lane(), p.in + 4 * cx.lane(), 16);
             cx.copy_commit();
             cx.sync();
             cx.load(shared<float>{0} + cx.lane());
             cx.copy_wait(constant<0>{});
         },
               32>(kind::race),
         "no wait and barrier between");
    finds<[](auto& cx, const data& p) {  // waits, but for itself
        cx.copy_async(shared<words<4>>{0} + cx.lane(), p.in + 4 * cx.lane(), 16);
        cx.copy_commit();
        cx.copy_wait(constant<0>{});
        cx.load(shared<float>{0} + cx.lane());
    },
          32>(kind::race);
    finds<[](auto& cx, const data& p) {  // one group too many in flight
        for (int i = 0; i < 2; ++i) {
            cx.copy_async(shared<words<4>>{std::uint32_t(512 * i)} + cx.lane(),
                          p.in + 4 * cx.lane(), 16);
            cx.copy_commit();
        }
        cx.copy_wait(constant<1>{});
        cx.sync();
        cx.load(shared<float>{512} + cx.lane());
        cx.copy_wait(constant<0>{});
    },
          32>(kind::race);
    finds<[](auto& cx, const data& p) {  // the slot is still read
        cx.store(shared<float>{0} + cx.thread(), 1);
        cx.sync();
        cx.load(shared<float>{0} + (63 - cx.thread()));
        if (cx.warp() == 0) {
            cx.copy_async(shared<words<4>>{0} + cx.lane() % 16, p.in + 4 * cx.lane(), 16);
            cx.copy_commit();
            cx.copy_wait(constant<0>{});
        }
    }>(kind::race);
    says(finds<[](auto& cx, const data& p) {
             cx.copy_async(shared<words<4>>{0} + cx.lane(), p.in + 4 * cx.lane(), 16);
         },
               32>(kind::unfinished),
         "in flight");
}

TEST_CASE("what nobody wrote is not read") {
    says(finds<[](auto& cx, const data&) { cx.load(shared<float>{0} + cx.thread()); }>(
             kind::uninitialised),
         "of shared memory, which nobody wrote");
    says(finds<[](auto& cx, const data& p) { cx.load(p.out + cx.thread()); }>(kind::uninitialised),
         "of out, which nobody wrote");
    // Shared memory of another block is not this block's.
    finds<[](auto& cx, const data&) {
        if (cx.block_x() == 0) cx.store(shared<float>{0} + cx.thread(), 1);
        if (cx.block_x() == 1) cx.load(shared<float>{0} + cx.thread());
    }>(kind::uninitialised, 2);
}

TEST_CASE("addresses: outside, crooked, of an input") {
    says(finds<[](auto& cx, const data& p) { cx.load(p.in + 256); }>(kind::bounds),
         "outside of every buffer");
    says(finds<[](auto& cx, const data& p) {
             cx.load(reinterpret_cast<const words<4>*>(p.in + 254));
         }>(kind::bounds),
         "at the end of in");
    says(finds<[](auto& cx, const data&) { cx.load(shared<float>{shared_bytes}); }>(kind::bounds),
         "are outside of shared memory (1024 bytes)");
    says(finds<[](auto& cx, const data&) { cx.store(shared<words<4>>{8}, {}); }>(kind::bounds),
         "not aligned");
    says(finds<[](auto& cx, const data& p) {
             cx.load(reinterpret_cast<const words<4>*>(p.in + 2));
         }>(kind::bounds),
         "not aligned");
    says(
        finds<[](auto& cx, const data& p) { cx.store(const_cast<float*>(p.in), 1); }>(kind::bounds),
        "is an input");
    says(finds<[](auto& cx, const data& p) { cx.copy_async(shared<words<4>>{0}, p.in, 20); }>(
             kind::bounds),
         "20 of 16 bytes");
}

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
    using good = faulty<[](auto& cx, const data& p) {
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
