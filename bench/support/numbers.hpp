// SPDX-License-Identifier: MIT
// Random operands of benchmarks, in memory that is touched before anything is timed.
#pragma once

#include <moe/core/random.hpp>
#include <moe/device/memory.hpp>
#include <moe/tensor/view.hpp>

#include <benchmark/benchmark.h>
#include <cstdint>

namespace bench {

inline const moe::memory& space() {
    static const moe::memory m(std::size_t{1} << 30);
    return m;
}

template <class T = float>
moe::rows<T> numbers(moe::arena& from, int count, int width, std::uint64_t seed) {
    const moe::rows<T> x = from.take_rows<T>(count, width);
    for (int i = 0; i < count; ++i)
        for (int j = 0; j < width; ++j)
            x(i, j) = T(moe::random_normal(seed, std::uint64_t(i), std::uint64_t(j)));
    return x;
}

inline int argument(const benchmark::State& state, int i) {
    return int(state.range(std::size_t(i)));
}

inline double bytes_of(moe::rows<float> x) { return 4.0 * x.count * x.width; }

// Arguments threads, tokens, width: rows that stay in the nearest caches, rows as a small step has
// them, and rows that come from memory.
inline void rows_of_tokens(benchmark::internal::Benchmark* b) {
    b->ArgNames({"threads", "tokens", "width"});
    for (const int threads : {1, 2}) {
        b->Args({threads, 256, 256});
        b->Args({threads, 4096, 256});
        b->Args({threads, 32768, 512});
    }
    b->UseManualTime()->Unit(benchmark::kMicrosecond)->MinTime(0.2);
}

}  // namespace bench
