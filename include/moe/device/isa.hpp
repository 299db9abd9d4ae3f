// SPDX-License-Identifier: MIT
// Instruction sets as types. They are template arguments of everything that uses them: two
// translation units compiled with different flags get different symbols, never each other's code.
#pragma once

#include <moe/core/config.hpp>

#include <type_traits>

namespace moe::isa {

struct generic {
    static constexpr const char* name = "generic";
};
struct avx2_fma {
    static constexpr const char* name = "avx2_fma";
};
struct avx512_bf16 {
    static constexpr const char* name = "avx512_bf16";
};

#if defined(__AVX2__) && defined(__FMA__)
inline constexpr bool has_avx2_fma = true;
#else
inline constexpr bool has_avx2_fma = false;
#endif
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__) && \
    defined(__AVX512DQ__) && defined(__AVX512BF16__)
inline constexpr bool has_avx512_bf16 = true;
#else
inline constexpr bool has_avx512_bf16 = false;
#endif

// The best that the compiler's flags allow.
using native = std::conditional_t<has_avx512_bf16, avx512_bf16,
                                  std::conditional_t<has_avx2_fma, avx2_fma, generic>>;

}  // namespace moe::isa
