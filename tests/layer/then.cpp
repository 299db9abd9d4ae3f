// SPDX-License-Identifier: MIT
#include "tests/support/layer_check.hpp"
#include "tests/support/recipes.hpp"

namespace {
using first = moe::named<"first", moe::swiglu<test::tiny, 7>>;
using second = moe::named<"second", moe::norm<test::tiny, 8>>;
using both = moe::then<test::tiny, first, second, 8>;
}  // namespace

TEST_CASE("one layer behind another has the chain rule's derivative") {
    test::layer_under_test<both, test::tiny>({2, 3}, 8, 8, 1).check();
}

TEST_CASE("what lives inside a pass shares its memory, what is kept does not") {
    moe::arena counts, one, other;
    both::work().place(counts, {2, 3});
    first::work().place(one, {2, 3});
    CHECK(counts.bytes() == one.bytes());
    moe::arena kept;
    both::kept().place(kept, {2, 3});
    first::kept().place(other, {2, 3});
    CHECK(kept.bytes() > other.bytes());
}
