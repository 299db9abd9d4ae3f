// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/precision/amax_history.hpp>
#include <moe/precision/scaling.hpp>

#include <initializer_list>
#include <limits>

TEST_CASE("the largest of the last steps, and nothing older") {
    moe::amax_history<3> history;
    CHECK(history.largest(448) == 448);
    for (const float amax : {1.0F, 5.0F, 2.0F}) history.record(amax);
    CHECK(history.largest(448) == 5);
    history.record(0.5F);
    CHECK(history.largest(448) == 5);
    history.record(0.25F);  // the five is three steps ago
    CHECK(history.largest(448) == 2);
    history.record(0.25F);
    CHECK(history.largest(448) == 0.5F);
}

TEST_CASE("a step that was not finite leaves no trace") {
    moe::amax_history<2> history;
    for (const float amax :
         {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN(), 3.0F,
          std::numeric_limits<float>::infinity()})
        history.record(amax);
    CHECK(history.largest(448) == 3);
    CHECK(history.recorded == 1);
}

TEST_CASE("before the first step the scale is one; a tensor of zeros has a scale, too") {
    moe::amax_history<> history;
    const float largest = moe::e4m3::largest();
    CHECK(moe::fp32_scale::choose<moe::e4m3>(history.largest(largest)).scale == 1);
    CHECK(moe::power_of_two_scale::choose<moe::e4m3>(history.largest(largest)).scale == 1);
    history.record(0);
    CHECK(moe::fp32_scale::choose<moe::e4m3>(history.largest(largest)).finite());
}
