// SPDX-License-Identifier: MIT
#include <moe/recipe/experts.hpp>

#include <doctest/doctest.h>

TEST_CASE("what may be 0 is 0 unless said, and so is what must be said") {
    const moe::experts unsaid;
    int fields = 0;
    unsaid.each([&](const char*, int value) {
        CHECK(value == 0);
        ++fields;
    });
    CHECK(fields == 6);
}

TEST_CASE("only what has all numbers of the experts fits the slot") {
    struct without_shared {
        int routed, intermediate, dense_layers, dense_intermediate, slot;
    };
    CHECK(moe::ffn_policy<moe::experts>);
    CHECK_FALSE(moe::ffn_policy<without_shared>);
}
