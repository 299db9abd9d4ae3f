// SPDX-License-Identifier: MIT
// Checks of what a caller of an op must get right (shapes, ranges). A failed check prints both
// values and stops: it is a mistake in a program, not in its input. Bad input is moe::error.
#pragma once

#include <moe/core/config.hpp>

#include <cstdio>
#include <cstdlib>

namespace moe::detail {

[[noreturn]] inline void check_failed(const char* file, int line, const char* text, long long left,
                                      long long right) {
    std::fprintf(stderr, "moe: %s:%d: expected %s, but the left side is %lld and the right %lld\n",
                 file, line, text, left, right);
    std::abort();
}

}  // namespace moe::detail

// MOE_CHECK(x.width, ==, w.in): compares two integers, names both when the comparison fails.
#define MOE_CHECK(left, relation, right)                                                    \
    do {                                                                                    \
        const auto moe_left = static_cast<long long>(left);                                 \
        const auto moe_right = static_cast<long long>(right);                               \
        if (!(moe_left relation moe_right))                                                 \
            ::moe::detail::check_failed(__FILE__, __LINE__, #left " " #relation " " #right, \
                                        moe_left, moe_right);                               \
    } while (false)
