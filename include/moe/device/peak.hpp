// SPDX-License-Identifier: MIT
// The machine's peak, measured: fused multiply-adds on registers only, as many independent ones as
// hide their latency. What a GEMM reaches is stated as a share of this.
#pragma once

#include <moe/device/cpu.hpp>

#include <chrono>
#include <thread>
#include <type_traits>
#include <vector>

namespace moe {

namespace detail {
// Two registers a vector on AVX2, hence half as many chains there.
template <class Isa> struct peak_loop {
    static constexpr int chains = isa::is_avx512<Isa> ? 12 : 6;
    static constexpr int steps = 8000;
    static constexpr double flop = 2.0 * lane_count * chains * steps;

    // Every lane starts differently and all are summed, so that no compiler can leave work out.
    static float run(const float* start) {
        using vector = lanes<Isa>;
        vector chain[chains];
        MOE_UNROLL
        for (int i = 0; i < chains; ++i) chain[i] = vector::load(start + i);
        const vector a = vector::load(start), b = vector::load(start + 1);
        for (int step = 0; step < steps; step += 4) MOE_UNROLL
        for (int j = 0; j < 4; ++j) MOE_UNROLL
        for (int i = 0; i < chains; ++i) chain[i] = fma(chain[i], a, b);
        vector all = chain[0];
        MOE_UNROLL
        for (int i = 1; i < chains; ++i) all = all + chain[i];
        return sum(all);
    }
};
}  // namespace detail

// FP32 FLOP/s that all threads of the pool reach together; more threads than cores reach what the
// cores do. Each thread counts the best of several runs of some 30 microseconds, so that a
// neighbour on the machine does not pass for a slower machine.
template <class Isa> double measured_peak(cpu_on<Isa> on, int repeats = 32) {
    using clock = std::chrono::steady_clock;
    using loop = detail::peak_loop<Isa>;
    std::vector<double> reached(std::size_t(on.threads()));
    on.each(on.threads(), [&](int thread) {
        float start[lane_count + loop::chains];
        for (int i = 0; i < lane_count + loop::chains; ++i) start[i] = 0.25F + 0.01F * float(i);
        double best = 0;
        for (int i = 0; i < repeats; ++i) {
            const auto begin = clock::now();
            [[maybe_unused]] volatile float result = loop::run(start);
            const double seconds = std::chrono::duration<double>(clock::now() - begin).count();
            if (seconds > 0 && loop::flop / seconds > best) best = loop::flop / seconds;
        }
        reached[std::size_t(thread)] = best;
    });
    double total = 0;
    for (const double one : reached) total += one;
    const int cores = int(std::thread::hardware_concurrency());
    const bool crowded = cores > 0 && on.threads() > cores;
    return crowded ? total * cores / on.threads() : total;
}

}  // namespace moe
