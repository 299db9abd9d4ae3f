// SPDX-License-Identifier: MIT
// rms_norm forward on a GPU: a block a row, 16 bytes a load.
//   y = x r gain        r = 1 / sqrt(mean(x^2) + epsilon)
// The squares are added in an order that depends on the width alone: thread t takes vectors t,
// t + threads, ... in turn, lanes are added as a butterfly, warps one after the other.
#pragma once

#include <moe/device/kernel.hpp>

#include <cstddef>

namespace moe::op {

// Vector: floats a load, 4, or 1 for rows that do not begin at multiples of 16 bytes.
template <int Warps, int Vector> struct rms_norm_kernel {
    static_assert(Vector == 1 || Vector == 4);
    static constexpr int threads = 32 * Warps, blocks_at_once = 1;
    static constexpr int shared_bytes = 4 * Warps;

    struct parameters {
        float *y, *r;
        const float *x, *gain;
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
        const float* const x = p.x + row * p.x_stride;
        float squares = 0;
        for (int j = cx.thread() * Vector; j < p.width; j += threads * Vector) {
            const auto value = load(cx, x + j);
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
        float* const y = p.y + row * p.y_stride;
        for (int j = cx.thread() * Vector; j < p.width; j += threads * Vector) {
            auto value = load(cx, x + j);
            const auto gain = load(cx, p.gain + j);
            MOE_UNROLLED
            for (int i = 0; i < Vector; ++i) value.at[i] = value.at[i] * r * gain.at[i];
            cx.store(reinterpret_cast<floats*>(y + j), value);
        }
    }

private:
    struct alignas(4 * Vector) floats {
        float at[Vector];
    };
    template <class Cx> MOE_DEVICE static floats load(Cx& cx, const float* from) {
        return cx.load(reinterpret_cast<const floats*>(from));
    }
};

}  // namespace moe::op
