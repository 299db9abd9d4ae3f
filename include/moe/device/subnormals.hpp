// SPDX-License-Identifier: MIT
// Inside a product of bfloat16 numbers subnormal ones count as zero, because the instruction for it
// takes them so; machines without it follow, so that all give the same bits. On an x86-64 processor
// one setting of the thread does it; others compute on with subnormal numbers, which changes a
// result by less than 2^-126.
#pragma once

#include <moe/core/config.hpp>

namespace moe {

// While it lives. Yes: subnormal operands and results of this thread are zero.
template <bool Yes> class subnormals_as_zero {
public:
    subnormals_as_zero() {
#if defined(__x86_64__)
        if constexpr (Yes)
            __builtin_ia32_ldmxcsr(before_ | 0x8040U);  // flush to zero, denormals are zero
#endif
    }
    subnormals_as_zero(const subnormals_as_zero&) = delete;
    subnormals_as_zero& operator=(const subnormals_as_zero&) = delete;
    ~subnormals_as_zero() {
#if defined(__x86_64__)
        if constexpr (Yes) __builtin_ia32_ldmxcsr(before_);
#endif
    }

private:
#if defined(__x86_64__)
    unsigned before_ = Yes ? __builtin_ia32_stmxcsr() : 0;
#endif
};

}  // namespace moe
