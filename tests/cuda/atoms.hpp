// SPDX-License-Identifier: MIT
// A kernel that uses every atom of the context once, so that both bodies of each can be compared:
// out[slot][thread] is what the atom gave that thread.
#pragma once

#include <moe/device/kernel.hpp>

namespace test {

struct atoms {
    static constexpr int threads = 64, blocks_at_once = 1, shared_bytes = 4096;
    static constexpr int slots = 64;

    struct parameters {
        std::uint32_t* out;         // (slots, threads)
        std::uint16_t* halves;      // (threads)
        const std::uint32_t* in;    // (4, threads)
        const std::uint16_t* from;  // (threads)
    };

    template <class Cx> MOE_DEVICE static void run(Cx& cx, const parameters& p) {
        using moe::constant, moe::registers, moe::shared;
        const int t = cx.thread(), lane = cx.lane();
        std::uint32_t* out = p.out + t;
        const auto put = [&](std::uint32_t value) {
            cx.store(out, value);
            out += threads;
        };
        const std::uint32_t x = cx.load(p.in + t), y = cx.load(p.in + threads + t);

        // Memory of every width. Only the own words: no order is needed.
        const auto half = cx.load(p.from + t);
        cx.store(p.halves + t, half);
        cx.store(shared<std::uint16_t>{0} + t, half);
        put(cx.load(shared<std::uint16_t>{0} + t));
        const auto two = cx.load(reinterpret_cast<const registers<2>*>(p.in) + t);
        cx.store(shared<registers<2>>{512} + t, two);
        put(cx.load(shared<registers<2>>{512} + t).at[0] ^ two.at[1]);
        const auto four = cx.load(reinterpret_cast<const registers<4>*>(p.in) + t);
        cx.store(shared<registers<4>>{1024} + t, four);
        const auto again = cx.load(shared<registers<4>>{1024} + t);
        cx.store(shared<std::uint32_t>{2048} + t, again.at[3]);
        put(cx.load(shared<std::uint32_t>{2048} + t));
        cx.store(reinterpret_cast<registers<4>*>(p.out + (slots - 4) * threads) + t, again);
        cx.store(reinterpret_cast<registers<2>*>(p.out + (slots - 6) * threads) + t, two);

        // Meetings.
        put(cx.shuffle(x, (lane * 7 + 3) & 31));
        put(cx.shuffle_xor(x, 21));
        put(cx.ballot((y & 4U) != 0));
        put(cx.match(y & 3U));
        put(cx.reduce_add(x));
        cx.store(shared<std::uint32_t>{2304} + t, x);
        cx.sync_warp();
        put(cx.load(shared<std::uint32_t>{2304} + (t ^ 1)));
        cx.sync();
        put(cx.load(shared<std::uint32_t>{2304} + (threads - 1 - t)));
        // One warp announces what the other waits for.
        if (cx.warp() == 0) {
            cx.store(shared<std::uint32_t>{2560} + t, y);
            cx.barrier_arrive(1, threads);
        } else {
            cx.barrier_sync(1, threads);
            put(cx.load(shared<std::uint32_t>{2560} + lane));
        }
        out = p.out + 16 * threads + t;

        // Copies: whole, in part, not at all; matrices of what they brought.
        const int bytes = t % 8 == 0 ? 0 : t % 8 == 1 ? 6 : 16;
        cx.copy_async(shared<registers<4>>{1024} + t, p.in + 4 * t, bytes);
        cx.copy_commit();
        cx.copy_wait(constant<0>{});
        cx.sync();
        std::uint32_t a[4], b[4];
        cx.load_matrices(a, shared<registers<4>>{1024} + t);
        cx.load_matrices_transposed(b, shared<registers<4>>{1024} + (t ^ 33));
        MOE_UNROLLED
        for (int i = 0; i < 4; ++i) put(a[i]), put(b[i]);

        // Tensor cores, on whatever numbers these bits are.
        const std::uint32_t right[2] = {b[1], b[2]};
        float sum[4] = {1, -2, 3, 0.5F};
        cx.multiply_bf16(sum, a, right);
        MOE_UNROLLED
        for (int i = 0; i < 4; ++i) put(bits(sum[i]));
        float wide[4] = {1, -2, 3, 0.5F};
        cx.multiply_fp16(wide, a, right);
        MOE_UNROLLED
        for (int i = 0; i < 4; ++i) put(bits(wide[i]));
        std::uint32_t narrow[2] = {0x3C00B800U, 0x00014400U};
        cx.multiply_fp16(narrow, a, right);
        put(narrow[0]), put(narrow[1]);

        // Arithmetic.
        const float f = float(int(x)) * 0x1p-16F, g = float(int(y)) * 0x1p-20F;
        put(bits(cx.fma(f, g, -1)));
        put(bits(cx.square_root(f < 0 ? -f : f)));
        put(cx.to_bf16(f, g));
        put(std::uint32_t(cx.count_bits(x)));
        put(bits(cx.as_float(x & 0xFFFF0000U) * 3));
        // Rounding must not depend on who compiles a sum of products.
        put(bits(f * g + f));
        put(bits(f / g));
    }

private:
    MOE_DEVICE static std::uint32_t bits(float x) {
        union {
            float value;
            std::uint32_t word;
        } both;
        both.value = x;
        return both.word;
    }
};

}  // namespace test
