// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"

#include <doctest/doctest.h>
#include <moe/device/peak.hpp>

#include <algorithm>
#include <cmath>

namespace {

using namespace moe;

TEST_CASE("the measured peak is a speed that a processor can have") {
    test::on_every_machine([](auto on) {
        const double peak = measured_peak(on, 3);
        CHECK(std::isfinite(peak));
        CHECK(peak > 1e6);
        // 8 GHz, four vectors of sixteen lanes in a cycle
        CHECK(peak < std::thread::hardware_concurrency() * 8e9 * 4 * 16 * 2);
    });
}

TEST_CASE("the loop that is timed computes what it counts") {
    // With factor and addend a and b every chain ends at the fixed point b / (1 - a).
    float start[lane_count + 12];
    std::fill(start, start + lane_count + 12, 0.5F);
    test::on_every_isa(1, [&](auto on) {
        using loop = detail::peak_loop<typename decltype(on)::instructions>;
        CHECK(loop::run(start) == doctest::Approx(lane_count * loop::chains));
    });
}

}  // namespace
