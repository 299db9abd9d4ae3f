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
// AVX-512 whose products of bfloat16 are best widened to floats: where the instruction for them is
// missing, or takes as long as four fused multiply-adds (Intel since Sapphire Rapids).
struct avx512_fma {
    static constexpr const char* name = "avx512_fma";
};
// AVX-512 with an instruction for products of bfloat16 that counts double (AMD since Zen 4).
struct avx512_bf16 {
    static constexpr const char* name = "avx512_bf16";
};

template <class Isa>
inline constexpr bool is_avx512 =
    std::is_same_v<Isa, avx512_fma> || std::is_same_v<Isa, avx512_bf16>;
// Pairs of bfloat16 are multiplied as they are.
template <class Isa> inline constexpr bool has_fast_dot = std::is_same_v<Isa, avx512_bf16>;

#if defined(__AVX2__) && defined(__FMA__)
inline constexpr bool has_avx2_fma = true;
#else
inline constexpr bool has_avx2_fma = false;
#endif
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512DQ__)
inline constexpr bool has_avx512_fma = has_avx2_fma;
#else
inline constexpr bool has_avx512_fma = false;
#endif
#if defined(__AVX512BF16__)
inline constexpr bool has_avx512_bf16 = has_avx512_fma;
#else
inline constexpr bool has_avx512_bf16 = false;
#endif
// The compiler knows features, not speeds; this one separates the two makers.
#if defined(__AVX512FP16__)
inline constexpr bool dot_is_fast = false;
#else
inline constexpr bool dot_is_fast = has_avx512_bf16;
#endif

// The best that the compiler's flags allow.
using native =
    std::conditional_t<dot_is_fast, avx512_bf16,
                       std::conditional_t<has_avx512_fma, avx512_fma,
                                          std::conditional_t<has_avx2_fma, avx2_fma, generic>>>;

}  // namespace moe::isa

namespace moe {

// Sixteen floats of an instruction set: device/lanes.hpp.
template <class Isa> struct lanes;

inline constexpr int lane_count = 16;

}  // namespace moe
