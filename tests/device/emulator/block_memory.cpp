// SPDX-License-Identifier: MIT
#include "tests/support/faulty_kernels.hpp"

namespace {

using namespace moe;
using namespace moe::emulator;
using kind = finding::kind;
using test::data, test::finds, test::says;

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
             cx.copy_async(shared<registers<4>>{0} + cx.lane(), p.in + 4 * cx.lane(), 16);
             cx.copy_commit();
             cx.sync();
             cx.load(shared<float>{0} + cx.lane());
             cx.copy_wait(constant<0>{});
         },
               32>(kind::race),
         "no wait and barrier between");
    finds<[](auto& cx, const data& p) {  // waits, but for itself
        cx.copy_async(shared<registers<4>>{0} + cx.lane(), p.in + 4 * cx.lane(), 16);
        cx.copy_commit();
        cx.copy_wait(constant<0>{});
        cx.load(shared<float>{0} + cx.lane());
    },
          32>(kind::race);
    finds<[](auto& cx, const data& p) {  // one group too many in flight
        for (int i = 0; i < 2; ++i) {
            cx.copy_async(shared<registers<4>>{std::uint32_t(512 * i)} + cx.lane(),
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
            cx.copy_async(shared<registers<4>>{0} + cx.lane() % 16, p.in + 4 * cx.lane(), 16);
            cx.copy_commit();
            cx.copy_wait(constant<0>{});
        }
    }>(kind::race);
    says(finds<[](auto& cx, const data& p) {
             cx.copy_async(shared<registers<4>>{0} + cx.lane(), p.in + 4 * cx.lane(), 16);
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
             cx.load(reinterpret_cast<const registers<4>*>(p.in + 254));
         }>(kind::bounds),
         "at the end of in");
    says(finds<[](auto& cx, const data&) { cx.load(shared<float>{1024}); }>(kind::bounds),
         "are outside of shared memory (1024 bytes)");
    says(finds<[](auto& cx, const data&) { cx.store(shared<registers<4>>{8}, {}); }>(kind::bounds),
         "not aligned");
    says(finds<[](auto& cx, const data& p) {
             cx.load(reinterpret_cast<const registers<4>*>(p.in + 2));
         }>(kind::bounds),
         "not aligned");
    says(
        finds<[](auto& cx, const data& p) { cx.store(const_cast<float*>(p.in), 1); }>(kind::bounds),
        "is an input");
    says(finds<[](auto& cx, const data& p) { cx.copy_async(shared<registers<4>>{0}, p.in, 20); }>(
             kind::bounds),
         "20 of 16 bytes");
}

}  // namespace
