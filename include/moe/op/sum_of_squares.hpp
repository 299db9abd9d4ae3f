// SPDX-License-Identifier: MIT
// The sum of the squares of a tensor's elements, for the norm of the gradient. The elements, in
// row-major order, fall into blocks of 4096; inside a block sixteen interleaved sums run over it
// and are halved, the blocks are added in order in double. So a rank that holds whole blocks can
// compute their part. x must be contiguous. partial (blocks): one number a block, left behind.
#pragma once

#include <moe/core/bfloat16.hpp>
#include <moe/core/check.hpp>
#include <moe/core/math.hpp>
#include <moe/device/reference.hpp>
#include <moe/tensor/view.hpp>

#include <cmath>
#include <cstdint>
#include <type_traits>

namespace moe {

inline constexpr int norm_block = 4096;

constexpr std::int64_t norm_blocks(std::int64_t elements) {
    return ceil_divide<std::int64_t>(elements, norm_block);
}

namespace op {

template <class T> double sum_of_squares(reference, rows<T> x, double* partial) {
    MOE_CHECK(x.count <= 1 || x.stride == x.width, ==, true);
    constexpr int sums = 16;
    const std::int64_t elements = std::int64_t(x.count) * x.width;
    double total = 0;
    for (std::int64_t first = 0; first < elements; first += norm_block) {
        const std::int64_t end = first + norm_block < elements ? first + norm_block : elements;
        wide<T> sum[sums] = {};
        for (std::int64_t i = first; i < end; ++i) {
            auto& into = sum[(i - first) % sums];
            into = std::fma(wide<T>(x.at[i]), wide<T>(x.at[i]), into);
        }
        for (int half = sums / 2; half > 0; half /= 2)
            for (int i = 0; i < half; ++i) sum[i] += sum[i + half];
        *partial = double(sum[0]);
        total += *partial++;
    }
    return total;
}

}  // namespace op
}  // namespace moe
