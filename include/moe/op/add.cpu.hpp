// SPDX-License-Identifier: MIT
// add and add_and_clear on the CPU: split over pieces of rows, so that a single long row is shared
// out too. The same bits as the specification.
#pragma once

#include <moe/device/cpu.hpp>
#include <moe/device/sweep.hpp>
#include <moe/op/add.hpp>

namespace moe::op::detail {

// work(row, column, width) on pieces of up to 4096 columns
template <class Isa, class Work>
void over_pieces(cpu_on<Isa> on, int count, int width, const Work& work) {
    constexpr int piece = 4096;
    const int pieces = ceil_divide(width, piece);
    on.each(count * pieces, [&](int i) {
        const int column = i % pieces * piece, left = width - column;
        work(i / pieces, column, left < piece ? left : piece);
    });
}

}  // namespace moe::op::detail

namespace moe::op {

template <class Isa, cpu_number T> void add(cpu_on<Isa> on, rows<T> into, input<T> from) {
    using vector = lanes<Isa>;
    MOE_CHECK(into.count, ==, from.count);
    MOE_CHECK(into.width, ==, from.width);
    detail::over_pieces(on, into.count, into.width, [&](int row, int column, int width) {
        T* sum = into[row] + column;
        const T* other = from[row] + column;
        sweep(width, [&](int j, auto n) {
            store(sum + j, n, load<vector>(sum + j, n) + load<vector>(other + j, n));
        });
    });
}

template <class Isa, cpu_number T>
void add_and_clear(cpu_on<Isa> on, rows<T> into, output<T> from) {
    using vector = lanes<Isa>;
    MOE_CHECK(into.count, ==, from.count);
    MOE_CHECK(into.width, ==, from.width);
    detail::over_pieces(on, into.count, into.width, [&](int row, int column, int width) {
        T* sum = into[row] + column;
        T* other = from[row] + column;
        sweep(width, [&](int j, auto n) {
            store(sum + j, n, load<vector>(sum + j, n) + load<vector>(other + j, n));
            store(other + j, n, vector::splat(0.0F));
        });
    });
}

}  // namespace moe::op
