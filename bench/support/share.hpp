// SPDX-License-Identifier: MIT
// Times a piece of work against the machine's peak. The clock of a machine moves from one second to
// the next, so the peak is measured before every repeat. share_of_peak is the median of the
// repeats' own shares; best_share the best of them; share_by_cpu_time, the median again, counts the
// processor time of all threads divided by their number instead of the time that passed. On a
// machine with other work the last is nearest to the truth.
#pragma once

#include <moe/device/peak.hpp>

#include <benchmark/benchmark.h>
#include <algorithm>
#include <chrono>
#include <ctime>
#include <vector>

namespace bench {

// work() does 'flop' floating-point operations on the device 'on'.
template <class On, class Work>
void share_of_peak(benchmark::State& state, On on, double flop, const Work& work) {
    using clock = std::chrono::steady_clock;
    std::vector<double> shares, undisturbed;
    for (auto _ : state) {
        const double peak = moe::measured_peak(on, 4);
        const std::clock_t used = std::clock();
        const auto begin = clock::now();
        work();
        const double seconds = std::chrono::duration<double>(clock::now() - begin).count();
        const double busy = double(std::clock() - used) / CLOCKS_PER_SEC / on.threads();
        state.SetIterationTime(seconds);
        shares.push_back(flop / seconds / peak);
        undisturbed.push_back(flop / busy / peak);
    }
    const auto median = [](std::vector<double>& x) {
        std::sort(x.begin(), x.end());
        return x[x.size() / 2];
    };
    state.counters["share_of_peak"] = median(shares);
    state.counters["share_by_cpu_time"] = median(undisturbed);
    state.counters["best_share"] = shares.back();
    state.counters["flop"] =
        benchmark::Counter(flop, benchmark::Counter::kIsIterationInvariantRate);
}

}  // namespace bench
