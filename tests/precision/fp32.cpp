// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/precision/fp32.hpp>

#include <type_traits>

namespace {
struct forgets_moments {
    using weight = float;
    using activation = float;
    using master = float;
    using precise = float;
    static constexpr const char* name = "forgetful";
};
// A user's own: everything as fp32, but moments in double.
struct own : moe::fp32 {
    using moment = double;
};
}  // namespace

static_assert(!moe::precision_policy<forgets_moments>);
static_assert(moe::precision_policy<own>);

TEST_CASE("fp32 is float in every role") {
    CHECK(std::is_same_v<moe::fp32::weight, float>);
    CHECK(std::is_same_v<moe::fp32::moment, float>);
    CHECK(std::is_same_v<moe::fp64::precise, double>);
}
