// SPDX-License-Identifier: MIT
// Times a piece of work against the machine's peak. The clock of a machine moves from one second to
// the next, so the peak is measured before every repeat. share_of_peak is the median of the
// repeats' own shares; best_share the best of them, which on a machine with other work is nearer to
// the truth.
#pragma once

#include <moe/device/peak.hpp>

#include <benchmark/benchmark.h>
#include <algorithm>
#include <chrono>
#include <vector>

namespace bench {

// work() does 'flop' floating-point operations on the device 'on'.
template <class On, class Work>
void share_of_peak(benchmark::State& state, On on, double flop, const Work& work) {
    using clock = std::chrono::steady_clock;
    std::vector<double> shares;
    for (auto _ : state) {
        const double peak = moe::measured_peak(on, 4);
        const auto begin = clock::now();
        work();
        const double seconds = std::chrono::duration<double>(clock::now() - begin).count();
        state.SetIterationTime(seconds);
        shares.push_back(flop / seconds / peak);
    }
    std::sort(shares.begin(), shares.end());
    state.counters["share_of_peak"] = shares[shares.size() / 2];
    state.counters["best_share"] = shares.back();
    state.counters["flop"] =
        benchmark::Counter(flop, benchmark::Counter::kIsIterationInvariantRate);
}

}  // namespace bench
