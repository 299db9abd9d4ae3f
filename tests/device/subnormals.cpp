// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/device/subnormals.hpp>

TEST_CASE("subnormal numbers are zero while asked for, and what they were before and after") {
    volatile float tiny = 1e-40F, one = 1.0F;
    CHECK(tiny * one > 0);
    {
        const moe::subnormals_as_zero<false> not_asked;
        CHECK(tiny * one > 0);
#if defined(__x86_64__)
        const moe::subnormals_as_zero<true> asked;
        const bool gone = !(tiny * one > 0);
        CHECK(gone);
#endif
    }
    CHECK(tiny * one > 0);
}
