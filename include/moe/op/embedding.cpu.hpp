// SPDX-License-Identifier: MIT
// embedding on the CPU: forward split over tokens, backward over columns, so that each number of
// the table's gradient has one owner who adds in the order of the tokens.
#pragma once

#include <moe/device/cpu.hpp>
#include <moe/device/sweep.hpp>
#include <moe/op/embedding.hpp>

namespace moe::op {

template <class Isa, cpu_number T>
void embedding(cpu_on<Isa> on, rows<T> y, rows<const float> table, const int* ids) {
    using vector = lanes<Isa>;
    MOE_CHECK(y.width, ==, table.width);
    on.each(y.count, [&](int t) {
        MOE_CHECK(ids[t], >=, 0);
        MOE_CHECK(ids[t], <, table.count);
        const float* const from = table[ids[t]];
        sweep(y.width, [&](int j, auto n) { store(y[t] + j, n, load<vector>(from + j, n)); });
    });
}

template <class Isa, cpu_number G, class T>
requires cpu_number<std::remove_const_t<T>>
void embedding_backward(cpu_on<Isa> on, rows<G> dtable, rows<T> dy, const int* ids) {
    using vector = lanes<Isa>;
    MOE_CHECK(dy.width, ==, dtable.width);
    on.split(ceil_divide(dy.width, lane_count), [&](int first, int last) {
        const int begin = first * lane_count;
        const int width = (last * lane_count < dy.width ? last * lane_count : dy.width) - begin;
        for (int t = 0; t < dy.count; ++t) {
            MOE_CHECK(ids[t], >=, 0);
            MOE_CHECK(ids[t], <, dtable.count);
            G* sum = dtable[ids[t]] + begin;
            const T* from = dy[t] + begin;
            sweep(width, [&](int j, auto n) {
                store(sum + j, n, load<vector>(sum + j, n) + load<vector>(from + j, n));
            });
        }
    });
}

}  // namespace moe::op
