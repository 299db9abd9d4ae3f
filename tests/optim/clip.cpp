// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/optim/clip.hpp>

#include <initializer_list>
#include <limits>

namespace {

using namespace moe;

TEST_CASE("a long gradient is shortened to the limit, a short one left alone") {
    const clipping longer = clip_by_norm(16, 1);
    CHECK(longer.norm == 4);
    CHECK(longer.factor == 0.25);
    CHECK(longer.finite());
    CHECK(clip_by_norm(0.25, 1).factor == 1);
    CHECK(clip_by_norm(1, 1).factor == 1);
    CHECK(clip_by_norm(0, 1).factor == 1);
}

TEST_CASE("limit 0 clips nothing") { CHECK(clip_by_norm(1e10, 0).factor == 1); }

TEST_CASE("a norm that is not finite shows, whatever the limit") {
    for (const double limit : {0.0, 1.0})
        for (const double sum :
             {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
            const clipping broken = clip_by_norm(sum, limit);
            CHECK(!broken.finite());
            CHECK(broken.factor == 0);
            CHECK(std::isnan(broken.norm) == std::isnan(sum));
        }
}

}  // namespace
