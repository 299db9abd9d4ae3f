// SPDX-License-Identifier: MIT
// What a device needs while a network lives on it, and the handle that ops take: for the CPU a pool
// of threads, for the reference nothing.
#pragma once

#include <moe/device/cpu.hpp>

namespace moe {

template <class On> class executor;

template <> class executor<reference> {
public:
    explicit executor(int /*threads*/) {}
    reference on() const { return {}; }
    int threads() const { return 1; }
};

template <class Isa> class executor<cpu_on<Isa>> {
public:
    // threads 0: one a core.
    explicit executor(int threads)
        : pool_(threads > 0 ? threads : int(std::thread::hardware_concurrency())) {}
    cpu_on<Isa> on() { return {&pool_}; }
    int threads() const { return pool_.threads(); }

private:
    pool pool_;
};

}  // namespace moe
