// SPDX-License-Identifier: MIT
// A fixed set of threads that run one piece of work together. The calling thread is one of them.
// Waiting threads spin for some microseconds, then sleep, so that a preempted machine does not burn
// the core that the others need.
#pragma once

#include <moe/core/check.hpp>
#include <moe/device/first_core.hpp>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace moe {

class pool {
public:
    explicit pool(int threads) : threads_(threads < 1 ? 1 : threads) {
        const int cores = int(std::thread::hardware_concurrency());
        spins_ = threads_ <= cores ? 4000 : 0;
        workers_.reserve(std::size_t(threads_ - 1));
        for (int i = 1; i < threads_; ++i)
            workers_.emplace_back([this, i] {
                pin(i);
                serve(i);
            });
    }
    pool(const pool&) = delete;
    pool& operator=(const pool&) = delete;
    ~pool() {
        run_work({nullptr, nullptr});
        for (std::thread& worker : workers_) worker.join();
    }

    int threads() const { return threads_; }

    // Calls work(thread) once on every thread and waits for all of them. Not reentrant.
    template <class Work> void run(const Work& work) {
        if (threads_ == 1) return work(0);
        run_work(
            {[](const void* context, int thread) { (*static_cast<const Work*>(context))(thread); },
             &work});
    }

private:
    // The only indirect call of a training step.
    struct job {
        void (*call)(const void* context, int thread);
        const void* context;
    };

    void run_work(job next) {
        job_ = next;
        waiting_.store(threads_ - 1, std::memory_order_relaxed);
        generation_.fetch_add(1, std::memory_order_release);
        generation_.notify_all();
        if (next.call) next.call(next.context, 0);
        for (int spin = 0; waiting_.load(std::memory_order_acquire) != 0; ++spin) {
            if (spin < spins_) {
                pause(spin);
                continue;
            }
            const int left = waiting_.load(std::memory_order_acquire);
            if (left != 0) waiting_.wait(left, std::memory_order_acquire);
        }
    }

    void serve(int thread) {
        for (unsigned seen = 0;;) {
            for (int spin = 0; generation_.load(std::memory_order_acquire) == seen; ++spin) {
                if (spin < spins_)
                    pause(spin);
                else
                    generation_.wait(seen, std::memory_order_acquire);
            }
            ++seen;
            const job now = job_;
            if (now.call) now.call(now.context, thread);
            if (waiting_.fetch_sub(1, std::memory_order_acq_rel) == 1) waiting_.notify_one();
            if (!now.call) return;
        }
    }

    // On a busy machine the one that is waited for may need this very core.
    static void pause(int spin) {
        if (spin % 64 == 63) return std::this_thread::yield();
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }
    static void pin([[maybe_unused]] int thread) {
#if defined(__linux__)
        cpu_set_t allowed;
        CPU_ZERO(&allowed);
        if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) stay_on_core(allowed, thread);
#endif
    }

    int threads_;
    int spins_;
    job job_{nullptr, nullptr};
    alignas(64) std::atomic<unsigned> generation_{0};
    alignas(64) std::atomic<int> waiting_{0};
    std::vector<std::thread> workers_;
};

}  // namespace moe
