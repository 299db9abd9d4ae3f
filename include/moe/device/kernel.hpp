// SPDX-License-Identifier: MIT
// The words that kernels are written in. A kernel is a struct with constants (threads, minimum of
// blocks on a multiprocessor, bytes of shared memory), a struct of parameters and one text,
//   template <class Cx> static void run(Cx& cx, const parameters& p),
// that reaches the machine only through its context cx: on a GPU device/cuda/context.cuh, here
// device/emulator/context.hpp.
#pragma once

#include <moe/core/config.hpp>

#include <cstdint>
#include <type_traits>

namespace moe {

// Architectures as types: what a multiprocessor has. Bytes of shared memory that one block may use.
struct sm80 {
    static constexpr const char* name = "sm_80";
    static constexpr int number = 80;
    static constexpr int shared_bytes = 163 * 1024;
};

// N registers that are loaded and stored as one.
template <int N> struct alignas(4 * N) registers { std::uint32_t at[N]; };

// A number that an instruction needs at compile time.
template <int N> using constant = std::integral_constant<int, N>;

// A place in a block's shared memory, which is a row of bytes: an offset with the type that lies
// there.
template <class T> struct shared {
    std::uint32_t offset;
    MOE_DEVICE constexpr shared operator+(int count) const {
        return {offset + std::uint32_t(count) * std::uint32_t(sizeof(T))};
    }
};

}  // namespace moe
