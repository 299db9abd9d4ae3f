// SPDX-License-Identifier: MIT
// Times a piece of work against what the machine can do at best: its peak, or a copy of as many
// bytes. The clock of a machine moves from one second to the next, so the best is measured before
// every repeat. share_of_peak (share_of_copy) is the median of the repeats' own shares; best_share
// the best of them; share_by_cpu_time, the median again, counts the processor time of all threads
// divided by their number instead of the time that passed. On a machine with other work the last is
// nearest to the truth.
// The counters flop, bytes and peak (a second) or copy (bytes a second) are what bench/roofline.py
// makes its table of.
#pragma once

#include <moe/device/first_core.hpp>
#include <moe/device/memory.hpp>
#include <moe/device/peak.hpp>

#include <benchmark/benchmark.h>
#include <algorithm>
#include <chrono>
#include <cstring>
#include <ctime>
#include <string>
#include <type_traits>
#include <vector>

namespace bench {

using clock = std::chrono::steady_clock;

inline double since(clock::time_point begin) {
    return std::chrono::duration<double>(clock::now() - begin).count();
}

// Processor time of the calling thread; the time that passed where the system does not say.
inline double busy_seconds() {
#if defined(CLOCK_THREAD_CPUTIME_ID)
    timespec now;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0)
        return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
#endif
    return std::chrono::duration<double>(clock::now().time_since_epoch()).count();
}
// Of all threads of the pool, each asked on its own: the system's sum for the process lags behind.
template <class On> double busy_seconds(On on) {
    std::vector<double> of_thread(std::size_t(on.threads()));
    on.each(on.threads(), [&](int i) { of_thread[std::size_t(i)] = busy_seconds(); });
    double sum = 0;
    for (const double one : of_thread) sum += one;
    return sum;
}

inline double median(std::vector<double> x) {
    std::sort(x.begin(), x.end());
    return x.empty() ? 0 : x[x.size() / 2];
}

// What repeats of one piece of work took, and what the machine could do at best at the time.
class shares {
public:
    // 'amount' of work: floating-point operations, or bytes.
    explicit shares(double amount) : amount_(amount) {}

    // limit: amount a second that the machine reaches.
    template <class On, class Work> double add(On on, double limit, const Work& work) {
        const double used = busy_seconds(on);
        const auto begin = clock::now();
        work();
        const double seconds = since(begin);
        const double busy = (busy_seconds(on) - used) / on.threads();
        limits_.push_back(limit);
        by_time_.push_back(amount_ / seconds / limit);
        if (busy > 0) by_cpu_time_.push_back(amount_ / busy / limit);
        return seconds;
    }
    // name_of_limit: peak or copy.
    void report(benchmark::State& state, const std::string& name_of_limit) const {
        const double share = median(by_time_);
        state.counters["share_of_" + name_of_limit] = share;
        state.counters["share_by_cpu_time"] = by_cpu_time_.empty() ? share : median(by_cpu_time_);
        state.counters["best_share"] = *std::max_element(by_time_.begin(), by_time_.end());
        state.counters[name_of_limit] = median(limits_);
    }

private:
    double amount_;
    std::vector<double> limits_, by_time_, by_cpu_time_;
};

struct fp32_peak {
    template <class On> double operator()(On on) const { return moe::measured_peak(on, 4); }
};
// The better of the FP32 loop and the BF16 one.
struct bf16_peak {
    template <class On> double operator()(On on) const { return moe::measured_bf16_peak(on, 4); }
};

// That of products whose operands are T's.
template <class T>
using peak_for = std::conditional_t<std::is_same_v<T, float>, fp32_peak, bf16_peak>;

// work() does 'flop' floating-point operations on the device 'on'.
template <class Peak = fp32_peak, class On, class Work>
void share_of_peak(benchmark::State& state, On on, double flop, const Work& work) {
    const moe::on_first_core stays;
    shares all(flop);
    for (auto _ : state) state.SetIterationTime(all.add(on, Peak()(on), work));
    all.report(state, "peak");
    state.counters["flop"] = flop;
}

// Copies half of so many bytes from one place to the other: all of them are read or written once.
// It is as large as the work it is compared to, so it runs from the same level of the caches.
class copy {
public:
    explicit copy(double bytes)
        : half_(moe::round_up(std::size_t(bytes / 2), lane_bytes)), from_(half_), to_(half_) {}

    // Bytes a second, the best of a few: some machines copy faster around the caches, as memcpy
    // does with large pieces, others through them.
    template <class On> double operator()(On on) const {
        double best = 0;
        for (int i = 0; i < 4; ++i) {
            const auto begin = clock::now();
            on.each(on.threads(), [&](int thread) {
                const moe::interval mine =
                    moe::part_of(std::int64_t(half_ / lane_bytes), on.threads(), thread);
                const float* const from = static_cast<const float*>(from_.at());
                float* const to = static_cast<float*>(to_.at());
                if (i % 2 == 0)
                    std::memcpy(to + mine.first * moe::lane_count,
                                from + mine.first * moe::lane_count,
                                std::size_t(mine.count()) * lane_bytes);
                else
                    for (std::int64_t at = mine.first; at < mine.last; ++at)
                        On::vector::load(from + at * moe::lane_count)
                            .store(to + at * moe::lane_count);
            });
            best = std::max(best, 2.0 * double(half_) / since(begin));
        }
        return best;
    }

private:
    static constexpr std::size_t lane_bytes = moe::lane_count * sizeof(float);
    std::size_t half_;
    moe::memory from_, to_;
};

// work() has to read and write 'bytes' in all, if it touches everything once.
template <class On, class Work>
void share_of_copy(benchmark::State& state, On on, double bytes, double flop, const Work& work) {
    const moe::on_first_core stays;
    const copy same_bytes(bytes);
    shares all(bytes);
    work();
    for (auto _ : state) state.SetIterationTime(all.add(on, same_bytes(on), work));
    all.report(state, "copy");
    state.counters["bytes"] = bytes;
    state.counters["flop"] = flop;
}

}  // namespace bench
