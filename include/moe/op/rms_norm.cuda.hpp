// SPDX-License-Identifier: MIT
// rms_norm forward on a GPU: a block a row, four numbers a load.
//   y = x r gain        r = 1 / sqrt(mean(x^2) + epsilon)
// The squares are added in an order that depends on the width alone: thread t takes vectors t,
// t + threads, ... in turn, lanes are added as a butterfly, warps one after the other.
#pragma once

#include <moe/device/kernel.hpp>

#include <cstddef>

namespace moe::op {

// Number: of x and y, float, or std::uint16_t for the bits of bf16. Vector: how many of them are
// loaded at once, 4, or 1 for rows that do not begin at multiples of four. (Eight of bf16 would
// make lanes read the gain in two halves, each across twice the sectors.)
template <int Warps, int Vector, class Number = float> struct rms_norm_kernel {
    static_assert(Vector == 1 || Vector == 4);
    static constexpr int threads = 32 * Warps, blocks_at_once = 1;
    static constexpr int shared_bytes = 4 * Warps;

    struct parameters {
        Number* y;
        float* r;
        const Number* x;
        const float* gain;
        int count, width;
        std::ptrdiff_t y_stride, x_stride;
        float epsilon;
    };
    // One block a row.
    static constexpr int blocks(const parameters& p) { return p.count; }
    static constexpr bool fits(const parameters& p) {
        return p.width % Vector == 0 && p.y_stride % Vector == 0 && p.x_stride % Vector == 0;
    }

    template <class Cx> MOE_DEVICE static void run(Cx& cx, const parameters& p) {
        const int row = cx.block_x();
        const Number* const x = p.x + row * p.x_stride;
        float squares = 0;
        for (int j = cx.thread() * Vector; j < p.width; j += threads * Vector) {
            const vector value = load(cx, x + j);
            MOE_UNROLLED
            for (int i = 0; i < Vector; ++i) squares = cx.fma(value.at[i], value.at[i], squares);
        }
        MOE_UNROLLED
        for (int flip = 16; flip > 0; flip /= 2) squares = squares + cx.shuffle_xor(squares, flip);
        const shared<float> of_warp{0};
        if (cx.lane() == 0) cx.store(of_warp + cx.warp(), squares);
        cx.sync();
        float sum = cx.load(of_warp);
        MOE_UNROLLED
        for (int w = 1; w < Warps; ++w) sum = sum + cx.load(of_warp + w);
        const float r = 1.0F / cx.square_root(sum / float(p.width) + p.epsilon);
        if (cx.thread() == 0) cx.store(p.r + row, r);
        Number* const y = p.y + row * p.y_stride;
        for (int j = cx.thread() * Vector; j < p.width; j += threads * Vector) {
            vector value = load(cx, x + j);
            const vector gain = load(cx, p.gain + j);
            MOE_UNROLLED
            for (int i = 0; i < Vector; ++i) value.at[i] = value.at[i] * r * gain.at[i];
            store(cx, y + j, value);
        }
    }

private:
    struct alignas(4 * Vector) vector {
        float at[Vector];
    };
    template <class Cx> MOE_DEVICE static vector load(Cx& cx, const float* from) {
        return cx.load(reinterpret_cast<const vector*>(from));
    }
    template <class Cx> MOE_DEVICE static vector load(Cx& cx, const std::uint16_t* from) {
        vector v;
        if constexpr (Vector == 1) {
            v.at[0] = cx.as_float(std::uint32_t(cx.load(from)) << 16);
        } else {
            const auto pairs = cx.load(reinterpret_cast<const registers<Vector / 2>*>(from));
            MOE_UNROLLED
            for (int i = 0; i < Vector; i += 2) {
                v.at[i] = cx.as_float(pairs.at[i / 2] << 16);
                v.at[i + 1] = cx.as_float(pairs.at[i / 2] & 0xFFFF0000U);
            }
        }
        return v;
    }
    template <class Cx> MOE_DEVICE static void store(Cx& cx, float* to, const vector& v) {
        cx.store(reinterpret_cast<vector*>(to), v);
    }
    template <class Cx> MOE_DEVICE static void store(Cx& cx, std::uint16_t* to, const vector& v) {
        if constexpr (Vector == 1) {
            cx.store(to, std::uint16_t(cx.to_bf16(v.at[0], 0)));
        } else {
            registers<Vector / 2> pairs;
            MOE_UNROLLED
            for (int i = 0; i < Vector; i += 2) pairs.at[i / 2] = cx.to_bf16(v.at[i], v.at[i + 1]);
            cx.store(reinterpret_cast<registers<Vector / 2>*>(to), pairs);
        }
    }
};

}  // namespace moe::op
