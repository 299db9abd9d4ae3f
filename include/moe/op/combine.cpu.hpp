// SPDX-License-Identifier: MIT
// combine on the CPU: one token after another, 64 columns in registers. The same bits as the
// specification in float.
#pragma once

#include <moe/device/cpu.hpp>
#include <moe/op/combine.hpp>

namespace moe::op {

namespace detail {

// Vectors x 16 columns of one token, beginning at 'column'; the last vector holds 'last' of them.
template <class Isa, int Vectors, class T>
MOE_INLINE void combine_columns(T* y, const T* also, rows<const T> x, const int* chosen,
                                const int* row, int active, int experts_per_group, int column,
                                int last) {
    using vector = lanes<Isa>;
    vector total[Vectors], of_group[Vectors];
    for (int v = 0; v < Vectors; ++v) total[v] = of_group[v] = vector::splat(0.0F);
    int end_of_group = 0;
    for (int i = 0; i < active; ++i) {
        if (row[i] < 0) continue;
        if (chosen[i] >= end_of_group) {
            end_of_group = (chosen[i] / experts_per_group + 1) * experts_per_group;
            for (int v = 0; v < Vectors; ++v) {
                total[v] = total[v] + of_group[v];
                of_group[v] = vector::splat(0.0F);
            }
        }
        const T* const from = x[row[i]] + column;
        for (int v = 0; v < Vectors - 1; ++v)
            of_group[v] = of_group[v] + vector::load(from + v * lane_count);
        const T* const tail = from + (Vectors - 1) * lane_count;
        of_group[Vectors - 1] =
            of_group[Vectors - 1] +
            (last == lane_count ? vector::load(tail) : vector::load_first(tail, last));
    }
    for (int v = 0; v < Vectors; ++v) {
        const int width = v < Vectors - 1 ? lane_count : last, at = column + v * lane_count;
        vector sum = total[v] + of_group[v];
        if (also) sum = vector::load_first(also + at, width) + sum;
        sum.store_first(y + at, width);
    }
}

}  // namespace detail

template <class Isa, cpu_number T>
void combine(cpu_on<Isa> on, rows<T> y, input<T> x, const dispatch_plan& plan,
             int experts_per_group, input<T> also = {}) {
    MOE_CHECK(y.count, ==, plan.tokens);
    MOE_CHECK(y.width, ==, x.width);
    MOE_CHECK(experts_per_group, >, 0);
    constexpr int vectors = 4, block = vectors * lane_count;
    on.each(plan.tokens, [&](int t) {
        const int* const chosen = plan.chosen + std::ptrdiff_t(t) * plan.active;
        const int* const row = plan.row + std::ptrdiff_t(t) * plan.active;
        const T* const other = also.at ? also[t] : nullptr;
        int column = 0;
        for (; column + block <= y.width; column += block)
            detail::combine_columns<Isa, vectors>(y[t], other, x, chosen, row, plan.active,
                                                  experts_per_group, column, lane_count);
        for (; column < y.width; column += lane_count) {
            const int left = y.width - column;
            detail::combine_columns<Isa, 1>(y[t], other, x, chosen, row, plan.active,
                                            experts_per_group, column,
                                            left < lane_count ? left : lane_count);
        }
    });
}

}  // namespace moe::op
