// SPDX-License-Identifier: MIT
// Runs a test on every instruction set that this build has and with 1, 2, 3, 4 and 8 threads.
#pragma once

#include <doctest/doctest.h>
#include <moe/device/cpu.hpp>

#include <memory>
#include <string>

namespace test {

inline moe::pool& pool_of(int threads) {
    static std::unique_ptr<moe::pool> pools[9];
    if (!pools[threads]) pools[threads] = std::make_unique<moe::pool>(threads);
    return *pools[threads];
}

// work(on) for one number of threads
template <class Work> void on_every_isa(int threads, const Work& work) {
    const auto run = [&](auto isa) {
        CAPTURE(std::string(isa.name));
        CAPTURE(threads);
        work(moe::cpu_on<decltype(isa)>{&pool_of(threads)});
    };
    run(moe::isa::generic{});
    if constexpr (moe::isa::has_avx2_fma) run(moe::isa::avx2_fma{});
    if constexpr (moe::isa::has_avx512_fma) run(moe::isa::avx512_fma{});
    if constexpr (moe::isa::has_avx512_bf16) run(moe::isa::avx512_bf16{});
}

template <class Work> void on_every_machine(const Work& work) {
    for (const int threads : {1, 2, 3, 4, 8}) on_every_isa(threads, work);
}

}  // namespace test
