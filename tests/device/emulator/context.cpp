// SPDX-License-Identifier: MIT
#include "tests/support/kernels.hpp"

#include <moe/core/bfloat16.hpp>
#include <moe/core/random.hpp>

#include <numeric>

namespace {

using namespace moe;
using namespace moe::emulator;

// A kernel of 'Threads' threads whose text is a function of the context and the thread's output.
template <int Threads, int SharedBytes, auto Text> struct small_kernel {
    static constexpr int threads = Threads, shared_bytes = SharedBytes;
    struct parameters {
        std::uint32_t* out;
    };
    template <class Cx> static void run(Cx& cx, const parameters& p) {
        Text(cx, p.out + cx.thread());
    }
};
template <auto Text, int Threads = 32, int SharedBytes = 1024> std::vector<std::uint32_t> run() {
    using kernel = small_kernel<Threads, SharedBytes, Text>;
    std::vector<std::uint32_t> out(Threads);
    test::every_schedule(
        [&](const options& how) {
            memory buffers;
            buffers.output("out", out.data(), out.size());
            return launch<kernel, sm80>({}, {out.data()}, buffers, how);
        },
        [&] { return out; });
    return out;
}

TEST_CASE("shuffles read the other lane") {
    const auto xored = run<[](auto& cx, std::uint32_t* out) {
        cx.store(out, std::uint32_t(cx.shuffle_xor(100 + cx.thread(), 5)));
    },
                           64>();
    for (unsigned t = 0; t < 64; ++t) CHECK(xored[t] == 100 + (t ^ 5));
    const auto from = run<[](auto& cx, std::uint32_t* out) {
        cx.store(out, std::uint32_t(cx.shuffle(float(cx.thread()), cx.lane() / 2)));
    },
                          64>();
    for (unsigned t = 0; t < 64; ++t) CHECK(from[t] == t / 32 * 32 + t % 32 / 2);
}

TEST_CASE("votes, matches and sums over half a warp") {
    const auto votes = run<[](auto& cx, std::uint32_t* out) {
        const std::uint32_t half = cx.lane() < 16 ? 0xFFFFU : 0xFFFF0000U;
        cx.store(out, cx.ballot(cx.lane() % 3 == 0, half));
    }>();
    for (unsigned t = 0; t < 32; ++t) CHECK(votes[t] == (t < 16 ? 0x9249U : 0x49240000U));
    const auto same = run<[](auto& cx, std::uint32_t* out) {
        cx.store(out, cx.match(std::uint32_t(cx.lane() % 4)));
    }>();
    for (unsigned t = 0; t < 32; ++t) CHECK(same[t] == 0x11111111U << t % 4);
    const auto sums = run<[](auto& cx, std::uint32_t* out) {
        cx.store(out, cx.reduce_add(std::uint32_t(cx.lane())));
    }>();
    for (unsigned t = 0; t < 32; ++t) CHECK(sums[t] == 496);
}

TEST_CASE("bits are counted") {
    CHECK(context<sm80>::count_bits(0xF0000001U) == 5);
    CHECK(context<sm80>::count_bits(0) == 0);
}

TEST_CASE("sync_warp hands on what lanes wrote, sync what the block wrote") {
    const auto next = run<[](auto& cx, std::uint32_t* out) {
        cx.store(shared<std::uint32_t>{0} + cx.lane(), std::uint32_t(cx.lane()) * 7);
        cx.sync_warp();
        cx.store(out, cx.load(shared<std::uint32_t>{0} + (cx.lane() + 1) % 32));
    }>();
    for (unsigned t = 0; t < 32; ++t) CHECK(next[t] == (t + 1) % 32 * 7);
    const auto far = run<[](auto& cx, std::uint32_t* out) {
        cx.store(shared<std::uint32_t>{0} + cx.thread(), std::uint32_t(cx.thread()));
        cx.sync();
        cx.store(out, cx.load(shared<std::uint32_t>{0} + (127 - cx.thread())));
    },
                         128>();
    for (unsigned t = 0; t < 128; ++t) CHECK(far[t] == 127 - t);
}

TEST_CASE("a producer warp announces, a consumer warp waits") {
    const auto passed = run<[](auto& cx, std::uint32_t* out) {
        const shared<registers<2>> cell{std::uint32_t(8 * cx.lane())};
        for (std::uint32_t turn = 0; turn < 3; ++turn)
            if (cx.warp() == 0) {
                cx.barrier_sync(2, 64);  // free
                cx.store(cell, {{turn, turn + 10}});
                cx.barrier_arrive(1, 64);  // full
                if (turn == 2) cx.store(out, turn);
            } else {
                cx.barrier_arrive(2, 64);
                cx.barrier_sync(1, 64);
                const registers<2> got = cx.load(cell);
                if (turn == 2) cx.store(out, got.at[0] + got.at[1]);
            }
    },
                            64>();
    CHECK(passed[0] == 2);
    CHECK(passed[63] == 14);
}

struct copying_kernel {
    static constexpr int threads = 32, shared_bytes = 512;
    struct parameters {
        const std::uint16_t* from;
        std::uint16_t* to;
    };
    template <class Cx> static void run(Cx& cx, const parameters& p) {
        const int bytes = cx.lane() / 2 > 8 ? 16 : cx.lane() / 2 * 2;
        cx.copy_async(shared<registers<4>>{0} + cx.lane(), p.from + 8 * cx.lane(), bytes);
        cx.copy_commit();
        cx.copy_commit();  // an empty group
        cx.copy_wait(constant<1>{});
        cx.sync();
        for (int i = 0; i < 8; ++i)
            cx.store(p.to + 32 * i + cx.lane(),
                     cx.load(shared<std::uint16_t>{0} + 32 * i + cx.lane()));
    }
};
TEST_CASE("asynchronous copies bring the bytes asked for, then zeros") {
    std::vector<std::uint16_t> from(256), to(256);
    std::iota(from.begin(), from.end(), std::uint16_t(1));
    test::every_schedule(
        [&](const options& how) {
            memory buffers;
            buffers.input("from", from.data(), 256).output("to", to.data(), 256);
            return launch<copying_kernel, sm80>({}, {from.data(), to.data()}, buffers, how);
        },
        [&] { return to; });
    for (int i = 0; i < 256; ++i) CHECK(to[std::size_t(i)] == (i % 8 < i / 16 ? i + 1 : 0));
}

template <class Cx> void fill(Cx& cx) {  // element (i, j) of matrix m: 64 m + 8 i + j
    for (int i = 0; i < 8; ++i)
        cx.store(shared<std::uint16_t>{0} + 8 * cx.lane() + i, std::uint16_t(8 * cx.lane() + i));
    cx.sync_warp();
}
TEST_CASE("matrices come in fragments, straight and transposed") {
    const auto straight = run<[](auto& cx, std::uint32_t* out) {
        fill(cx);
        std::uint32_t r[4];
        cx.load_matrices(r, shared<registers<4>>{0} + cx.lane());
        cx.store(out, r[0] + (r[1] ^ r[2]) + r[3]);
    }>();
    const auto transposed = run<[](auto& cx, std::uint32_t* out) {
        fill(cx);
        std::uint32_t r[4];
        cx.load_matrices_transposed(r, shared<registers<4>>{0} + cx.lane());
        cx.store(out, r[2]);
    }>();
    for (unsigned l = 0; l < 32; ++l) {
        const auto pair = [&](unsigned m, unsigned by, unsigned at) {
            return (64 * m + at) | (64 * m + at + by) << 16;
        };
        const unsigned row = 8 * (l / 4) + 2 * (l % 4), column = 8 * (2 * (l % 4)) + l / 4;
        CHECK(straight[l] ==
              pair(0, 1, row) + (pair(1, 1, row) ^ pair(2, 1, row)) + pair(3, 1, row));
        CHECK(transposed[l] == pair(2, 8, column));
    }
}

// a(i, k) = i + k, b(k, j) = j - k, small integers: exact in every format.
template <class Cx> void element(auto to_bits, Cx& cx, auto& a, auto& b) {
    const int group = cx.lane() / 4, quad = cx.lane() % 4;
    const auto two = [&](int first, int second) {
        return std::uint32_t(to_bits(float(first))) | std::uint32_t(to_bits(float(second))) << 16;
    };
    for (int r = 0; r < 4; ++r) {
        const int i = group + 8 * (r % 2), k = 2 * quad + 8 * (r / 2);
        a[r] = two(i + k, i + k + 1);
    }
    for (int r = 0; r < 2; ++r) {
        const int k = 2 * quad + 8 * r;
        b[r] = two(group - k, group - k - 1);
    }
}

float expected(int i, int j) {
    int sum = 1;
    for (int k = 0; k < 16; ++k) sum += (i + k) * (j - k);
    return float(sum);
}

constexpr auto to_bf16 = [](float x) { return bfloat16(x).bits; };
constexpr auto to_fp16 = [](float x) {
    return std::uint16_t(moe::emulator::to_fp16(std::int64_t(x), 0));
};
TEST_CASE("tensor cores multiply what the lanes hold") {
    const auto check = [](auto& result) {
        for (const std::uint32_t wrong : result) CHECK(wrong == 0);
    };
    const auto wrong = run<[](auto& cx, std::uint32_t* out) {
        std::uint32_t a[4], b[2], bad = 0;
        float sum[4] = {1, 1, 1, 1};
        element(to_bf16, cx, a, b);
        cx.multiply_bf16(sum, a, b);
        for (int e = 0; e < 4; ++e)
            bad += sum[e] != expected(cx.lane() / 4 + 8 * (e / 2), 2 * (cx.lane() % 4) + e % 2);
        cx.store(out, bad);
    }>();
    check(wrong);
    const auto wrong_fp16 = run<[](auto& cx, std::uint32_t* out) {
        std::uint32_t a[4], b[2], bad = 0, narrow[2] = {0x3C003C00U, 0x3C003C00U};
        float sum[4] = {1, 1, 1, 1};
        element(to_fp16, cx, a, b);
        cx.multiply_fp16(sum, a, b);
        cx.multiply_fp16(narrow, a, b);
        for (int e = 0; e < 4; ++e) {
            const float x = expected(cx.lane() / 4 + 8 * (e / 2), 2 * (cx.lane() % 4) + e % 2);
            bad += sum[e] != x;
            bad += (narrow[e / 2] >> (16 * (e % 2)) & 0xFFFFU) != to_fp16(x);
        }
        cx.store(out, bad);
    }>();
    check(wrong_fp16);
}

TEST_CASE("floats become bf16 as the instruction rounds") {
    const auto out = run<[](auto& cx, std::uint32_t* to) {
        cx.store(to, cx.to_bf16(std::ldexp(1.F + 3 * std::ldexp(1.F, -8), cx.lane() - 16),
                                cx.lane() == 0 ? std::nanf("") : -std::ldexp(1.F, -cx.lane())));
    }>();
    for (unsigned l = 0; l < 32; ++l) {
        CHECK(bfloat16::from_bits(std::uint16_t(out[l])) == std::ldexp(1.015625F, int(l) - 16));
    }
    CHECK((out[0] >> 16) == 0x7FFFU);
    CHECK((out[3] >> 16) == 0xBE00U);
}

}  // namespace
