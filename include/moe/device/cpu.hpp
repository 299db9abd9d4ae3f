// SPDX-License-Identifier: MIT
// The CPU as the first argument of an op: cpu_on<Isa>, a handle on a pool of threads, passed by
// value. What a recipe says of it is moe::cpu in device/policy.hpp.
#pragma once

#include <moe/core/math.hpp>
#include <moe/device/isa.hpp>
#include <moe/device/lanes.hpp>
#include <moe/device/policy.hpp>
#include <moe/device/pool.hpp>
#include <moe/device/reference.hpp>

#include <atomic>

namespace moe {

// What the CPU computes with: vectors load and store it.
template <class T>
concept cpu_number = std::is_same_v<T, float> || std::is_same_v<T, bfloat16>;

template <class Isa> struct cpu_on {
    using instructions = Isa;
    using vector = lanes<Isa>;
    static constexpr bool packs_weights = true;

    pool* threads_of = nullptr;

    constexpr operator reference() const { return {}; }

    int threads() const { return threads_of->threads(); }

    // work(i) for i in [0, count): each thread takes one contiguous part, always the same one.
    template <class Work> void each(int count, const Work& work) const {
        threads_of->run([&](int thread) {
            const interval mine = part_of(count, threads(), thread);
            for (int i = int(mine.first); i < mine.last; ++i) work(i);
        });
    }
    // work(first, last) once a thread, on the same contiguous parts.
    template <class Work> void split(int count, const Work& work) const {
        threads_of->run([&](int thread) {
            const interval mine = part_of(count, threads(), thread);
            if (mine.count() > 0) work(int(mine.first), int(mine.last));
        });
    }
    // work(i) for i in [0, count): the next free thread takes the next i. For pieces of unequal
    // size that each own their outputs: who computes them cannot change a bit.
    template <class Work> void tasks(int count, const Work& work) const {
        std::atomic<int> next{0};
        threads_of->run([&](int) {
            for (int i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) work(i);
        });
    }
};

}  // namespace moe
