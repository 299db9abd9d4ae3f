// SPDX-License-Identifier: MIT
// The machine's peak, measured: fused multiply-adds on registers only, as many independent ones as
// hide their latency. What a GEMM reaches is stated as a share of this. The dot product of BF16
// pairs has a loop of its own: there are machines on which it does twice the work of the FP32 loop
// and machines on which it does half of it, so a share of the BF16 peak is a share of the better.
#pragma once

#include <moe/device/cpu.hpp>

#include <chrono>
#include <thread>
#include <type_traits>
#include <vector>

namespace moe {

namespace detail {
// Independent chains of 'step'. Every lane starts differently and all are summed, so that no
// compiler can leave work out.
template <int Chains, int Steps, class Vector, class Step>
MOE_INLINE float run_chains(const float* start, Vector a, Vector b, const Step& step) {
    Vector chain[Chains];
    MOE_UNROLL
    for (int i = 0; i < Chains; ++i) chain[i] = Vector::load(start + i);
    for (int done = 0; done < Steps; done += 4) MOE_UNROLL
    for (int j = 0; j < 4; ++j) MOE_UNROLL
    for (int i = 0; i < Chains; ++i) chain[i] = step(chain[i], a, b);
    Vector all = chain[0];
    MOE_UNROLL
    for (int i = 1; i < Chains; ++i) all = all + chain[i];
    return sum(all);
}

// Two registers a vector on AVX2, hence half as many chains there.
template <class Isa> struct peak_loop {
    using vector = lanes<Isa>;
    static constexpr int chains = isa::is_avx512<Isa> ? 12 : 6;
    static constexpr int steps = 8000;
    static constexpr double flop = 2.0 * lane_count * chains * steps;

    static float run(const float* start) {
        return run_chains<chains, steps>(start, vector::load(start), vector::load(start + 1),
                                         [](vector c, vector a, vector b) { return fma(c, a, b); });
    }
};

#if defined(__AVX512BF16__)
// Each step adds two products of BF16 numbers to every lane.
struct dot_peak_loop {
    using vector = lanes<isa::avx512_bf16>;
    static constexpr int chains = 12;
    static constexpr int steps = 8000;
    static constexpr double flop = 4.0 * lane_count * chains * steps;

    static float run(const float* start) {
        const auto pairs = [](const float* p) {
            bfloat16_pair both[lane_count];
            for (int i = 0; i < lane_count; ++i) both[i] = {bfloat16(p[i]), bfloat16(p[i + 1])};
            return vector::load(both);
        };
        return run_chains<chains, steps>(start, pairs(start), pairs(start + 2),
                                         [](vector c, vector a, vector b) { return dot(a, b, c); });
    }
};
#endif

// What all threads reach together.
template <class Loop, class Isa> double measured_rate(cpu_on<Isa> on, int repeats) {
    using clock = std::chrono::steady_clock;
    std::vector<double> reached(std::size_t(on.threads()));
    on.each(on.threads(), [&](int thread) {
        float start[lane_count + Loop::chains];
        for (int i = 0; i < lane_count + Loop::chains; ++i) start[i] = 0.25F + 0.01F * float(i);
        double best = 0;
        for (int i = 0; i < repeats; ++i) {
            const auto begin = clock::now();
            [[maybe_unused]] volatile float result = Loop::run(start);
            const double seconds = std::chrono::duration<double>(clock::now() - begin).count();
            if (seconds > 0 && Loop::flop / seconds > best) best = Loop::flop / seconds;
        }
        reached[std::size_t(thread)] = best;
    });
    double total = 0;
    for (const double one : reached) total += one;
    const int cores = int(std::thread::hardware_concurrency());
    const bool crowded = cores > 0 && on.threads() > cores;
    return crowded ? total * cores / on.threads() : total;
}
}  // namespace detail

// FP32 FLOP/s that all threads of the pool reach together; more threads than cores reach what the
// cores do. Each thread counts the best of several runs of some 30 microseconds, so that a
// neighbour on the machine does not pass for a slower machine.
template <class Isa> double measured_peak(cpu_on<Isa> on, int repeats = 32) {
    return detail::measured_rate<detail::peak_loop<Isa>>(on, repeats);
}

#if defined(__AVX512BF16__)
// The same of the instruction that multiplies BF16 numbers and adds in FP32, also where it is too
// slow to be used.
template <class Isa>
requires isa::is_avx512<Isa>
double measured_dot_peak(cpu_on<Isa> on, int repeats = 32) {
    return detail::measured_rate<detail::dot_peak_loop>(on, repeats);
}
#endif

// FLOP/s of a product of BF16 numbers with FP32 sums: the better of both loops, one right behind
// the other.
template <class Isa> double measured_bf16_peak(cpu_on<Isa> on, int repeats = 32) {
    const double plain = measured_peak(on, repeats);
    if constexpr (requires { measured_dot_peak(on, repeats); }) {
        const double dot = measured_dot_peak(on, repeats);
        return dot > plain ? dot : plain;
    } else {
        return plain;
    }
}

}  // namespace moe
