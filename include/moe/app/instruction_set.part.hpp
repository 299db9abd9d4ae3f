// SPDX-License-Identifier: MIT
// The definitions of instruction_set.hpp, compiled once.
#pragma once

#include <moe/app/instruction_set.hpp>
#include <moe/device/isa.hpp>

namespace moe {

namespace detail {
// From less to more.
inline int rank_of(std::string_view set) {
    if (set == isa::avx512_bf16::name) return 2;
    if (set == isa::avx2_fma::name) return 1;
    return 0;
}
inline int rank_of_machine() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512bf16");
    return avx2 && avx512 ? 2 : avx2 ? 1 : 0;
#else
    return 0;
#endif
}
}  // namespace detail

std::string_view best_instruction_set() {
    constexpr std::string_view names[] = {isa::generic::name, isa::avx2_fma::name,
                                          isa::avx512_bf16::name};
    return names[detail::rank_of_machine()];
}

std::string missing_instructions(std::string_view built_for) {
    if (detail::rank_of(built_for) <= detail::rank_of_machine()) return {};
    return "this program was built for " + std::string(built_for) + ", and this machine offers " +
           std::string(best_instruction_set()) + "; build it here, or with -DMOE_ARCH=x86-64-v3";
}

std::string unused_instructions(std::string_view built_for) {
    if (detail::rank_of(built_for) >= detail::rank_of_machine()) return {};
    return "this machine offers " + std::string(best_instruction_set()) +
           ", and this program was built for " + std::string(built_for) +
           ": building it with -DMOE_ARCH=native makes it faster";
}

}  // namespace moe
