// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/core/error.hpp>

TEST_CASE("a usage error is not taken for a failure") {
    const auto code = [](auto&& work) {
        try {
            work();
        } catch (const moe::usage_error&) {
            return 2;
        } catch (const moe::error&) {
            return 1;
        }
        return 0;
    };
    CHECK(code([] { throw moe::usage_error("--steps: expected a number"); }) == 2);
    CHECK(code([] { throw moe::error("a.txt: cannot open"); }) == 1);
    CHECK(code([] {}) == 0);
}
