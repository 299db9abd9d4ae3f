// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/layer/pass.hpp>

TEST_CASE("a pass has the tokens of its sequences") {
    moe::pass<float> pass;
    CHECK(pass.tokens() == 0);
    pass.shape = {3, 5};
    CHECK(pass.tokens() == 15);
    CHECK(pass.position == 0);
}
