// SPDX-License-Identifier: MIT
// The definitions of instruction_set.hpp, compiled once.
#pragma once

#include <moe/app/instruction_set.hpp>
#include <moe/device/isa.hpp>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace moe {

namespace detail {
// What the machine can run, and of that the fastest.
struct machine {
    bool avx2 = false, avx512 = false, dot = false, dot_is_fast = false;

    bool offers(std::string_view set) const {
        if (set == isa::avx512_bf16::name) return dot;
        if (set == isa::avx512_fma::name) return avx512;
        return set == isa::avx2_fma::name ? avx2 : set == isa::generic::name;
    }
    std::string_view best() const {
        return dot_is_fast ? isa::avx512_bf16::name
               : avx512    ? isa::avx512_fma::name
               : avx2      ? isa::avx2_fma::name
                           : isa::generic::name;
    }
};
inline machine this_machine() {
    machine is;
#if defined(__x86_64__)
    __builtin_cpu_init();
    is.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    is.avx512 = is.avx2 && __builtin_cpu_supports("avx512f") &&
                __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                __builtin_cpu_supports("avx512dq");
    is.dot = is.avx512 && __builtin_cpu_supports("avx512bf16");
    // As device/isa.hpp tells them apart. Bit 23 of that register says AVX-512 FP16.
    unsigned a = 0, b = 0, c = 0, d = 0;
    __get_cpuid_count(7, 0, &a, &b, &c, &d);
    is.dot_is_fast = is.dot && (d >> 23 & 1U) == 0;
#endif
    return is;
}
}  // namespace detail

std::string_view best_instruction_set() { return detail::this_machine().best(); }

std::string missing_instructions(std::string_view built_for) {
    if (detail::this_machine().offers(built_for)) return {};
    return "this program was built for " + std::string(built_for) + ", and this machine offers " +
           std::string(best_instruction_set()) + "; build it here, or with -DMOE_ARCH=x86-64-v3";
}

std::string unused_instructions(std::string_view built_for) {
    const detail::machine here = detail::this_machine();
    if (!here.offers(built_for) || built_for == here.best()) return {};
    return "on this machine " + std::string(here.best()) +
           " is faster, and this program was built for " + std::string(built_for) +
           ": build it with -DMOE_ARCH=native";
}

}  // namespace moe
