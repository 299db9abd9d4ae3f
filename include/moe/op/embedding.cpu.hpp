// SPDX-License-Identifier: MIT
// embedding on the CPU: forward split over tokens, backward over columns, so that each number of
// the table's gradient has one owner who adds in the order of the tokens.
#pragma once

#include <moe/device/cpu.hpp>
#include <moe/device/sweep.hpp>
#include <moe/op/embedding.hpp>

#include <cstring>

namespace moe::op {

template <class Isa>
void embedding(cpu_on<Isa> on, rows<float> y, rows<const float> table, const int* ids) {
    MOE_CHECK(y.width, ==, table.width);
    on.each(y.count, [&](int t) {
        MOE_CHECK(ids[t], >=, 0);
        MOE_CHECK(ids[t], <, table.count);
        std::memcpy(y[t], table[ids[t]], std::size_t(y.width) * sizeof(float));
    });
}

template <class Isa>
void embedding_backward(cpu_on<Isa> on, rows<float> dtable, rows<const float> dy, const int* ids) {
    using vector = lanes<Isa>;
    MOE_CHECK(dy.width, ==, dtable.width);
    on.split(ceil_divide(dy.width, lane_count), [&](int first, int last) {
        const int begin = first * lane_count;
        const int width = (last * lane_count < dy.width ? last * lane_count : dy.width) - begin;
        for (int t = 0; t < dy.count; ++t) {
            MOE_CHECK(ids[t], >=, 0);
            MOE_CHECK(ids[t], <, dtable.count);
            float* sum = dtable[ids[t]] + begin;
            const float* from = dy[t] + begin;
            sweep(width, [&](int j, auto n) {
                store(sum + j, n, load<vector>(sum + j, n) + load<vector>(from + j, n));
            });
        }
    });
}

}  // namespace moe::op
