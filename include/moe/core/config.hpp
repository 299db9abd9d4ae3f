// SPDX-License-Identifier: MIT
// What the library needs to know of the compiler. The only file that asks.
#pragma once

#if defined(__FAST_MATH__)
#error "moe: remove -ffast-math: it reorders sums, and moe promises the same bits everywhere."
#endif
#if __cplusplus < 202002L
#error "moe: C++20 is needed. Add -std=c++20."
#endif

#define MOE_VERSION_MAJOR 0
#define MOE_VERSION_MINOR 1
#define MOE_VERSION_PATCH 0

// For kernels whose accumulators must stay in registers.
#define MOE_INLINE inline __attribute__((always_inline))
// For kernels whose loop needs all general registers: inlined, they share them with the caller.
#define MOE_NOINLINE __attribute__((noinline))
// Before a loop over an array of registers, of known length.
#if defined(__clang__)
#define MOE_UNROLL _Pragma("clang loop unroll(full)")
#else
#define MOE_UNROLL _Pragma("GCC unroll 64")
#endif

// In kernels. Before what a kernel calls: on a GPU a function of the device, elsewhere an ordinary
// one. Before a loop: over an array of registers; a loop that must not be unrolled.
#if defined(__CUDACC__)
#define MOE_DEVICE __device__ __forceinline__
#define MOE_UNROLLED _Pragma("unroll")
#define MOE_ROLLED _Pragma("unroll 1")
#else
#define MOE_DEVICE inline
#define MOE_UNROLLED
#define MOE_ROLLED
#endif

#if defined(__SANITIZE_ADDRESS__)
#define MOE_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MOE_ADDRESS_SANITIZER 1
#endif
#endif
#if !defined(MOE_ADDRESS_SANITIZER)
#define MOE_ADDRESS_SANITIZER 0
#endif
