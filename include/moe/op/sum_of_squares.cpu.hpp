// SPDX-License-Identifier: MIT
// sum_of_squares on the CPU: split over blocks. The same bits as the specification in float.
#pragma once

#include <moe/device/cpu.hpp>
#include <moe/op/sum_of_squares.hpp>

namespace moe::op {

namespace detail {

template <class Isa, class T> MOE_INLINE float block_of_squares(const T* x, int count) {
    using vector = lanes<Isa>;
    vector sum_of = vector::splat(0.0F);
    int i = 0;
    for (; i + lane_count <= count; i += lane_count) {
        const vector value = vector::load(x + i);
        sum_of = fma(value, value, sum_of);
    }
    if (i < count) {
        const vector value = vector::load_first(x + i, count - i);
        sum_of = fma(value, value, sum_of);
    }
    return sum(sum_of);
}

}  // namespace detail

template <class Isa, class T>
requires cpu_number<std::remove_const_t<T>>
double sum_of_squares(cpu_on<Isa> on, rows<T> x, double* partial) {
    MOE_CHECK(x.count <= 1 || x.stride == x.width, ==, true);
    const std::int64_t elements = std::int64_t(x.count) * x.width;
    const int blocks = int(norm_blocks(elements));
    on.each(blocks, [&](int b) {
        const std::int64_t first = std::int64_t(b) * norm_block, left = elements - first;
        partial[b] =
            detail::block_of_squares<Isa>(x.at + first, int(left < norm_block ? left : norm_block));
    });
    double total = 0;
    for (int b = 0; b < blocks; ++b) total += partial[b];
    return total;
}

}  // namespace moe::op
