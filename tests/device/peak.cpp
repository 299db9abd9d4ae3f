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

TEST_CASE("the measured peak of BF16 products is a speed that a processor can have") {
    test::on_every_isa(2, [](auto on) {
        const double peak = measured_bf16_peak(on, 3);
        CHECK(std::isfinite(peak));
        CHECK(peak > 1e6);
        CHECK(peak < std::thread::hardware_concurrency() * 8e9 * 4 * 16 * 4);
    });
}

#if defined(__AVX512BF16__)
TEST_CASE("the loop of BF16 products computes what it counts") {
    using loop = detail::dot_peak_loop;
    // Half times half, two of them a step, all exact.
    float start[lane_count + loop::chains];
    std::fill(start, start + lane_count + loop::chains, 0.5F);
    CHECK(loop::run(start) == lane_count * loop::chains * (0.5F + 2 * 0.25F * loop::steps));
    CHECK(loop::flop == 2.0 * lane_count * loop::chains * 2 * loop::steps);
    CHECK(measured_dot_peak(cpu_on<isa::avx512_bf16>{&test::pool_of(2)}, 3) > 1e6);
}
#endif

}  // namespace
