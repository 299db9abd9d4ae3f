// SPDX-License-Identifier: MIT
#include <moe/app/chart.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

using namespace moe;

namespace {
const double not_a_number = std::numeric_limits<double>::quiet_NaN();

curve line(int count) {
    curve c{"line", {}, {}};
    for (int i = 0; i < count; ++i) c.x.push_back(i), c.y.push_back(2 * i + 1);
    return c;
}
}  // namespace

TEST_CASE("chart: thinning a straight line leaves it straight, and the ends where they were") {
    for (const int count : {0, 1, 2, 5, 100, 1001})
        for (const int points : {1, 2, 7, 100}) {
            const curve from = line(count), thin = thinned(from, points);
            CHECK(int(thin.x.size()) == std::min(count, points));
            CHECK(thin.y.size() == thin.x.size());
            if (thin.x.size() > 1) {
                CHECK(thin.x.front() == 0);
                CHECK(thin.x.back() == count - 1);
            }
            for (std::size_t i = 1; i + 1 < thin.x.size(); ++i)
                CHECK(thin.y[i] == doctest::Approx(2 * thin.x[i] + 1));
        }
}

TEST_CASE("chart: gaps are skipped where there is a neighbour, and stay where there is none") {
    const curve from{"", {0, 1, 2, 3}, {not_a_number, 4, not_a_number, not_a_number}};
    const curve thin = thinned(from, 2);
    CHECK(thin.y[0] == 4);
    CHECK(std::isnan(thin.y[1]));
    const curve smooth = smoothed(from, 1);
    CHECK(std::isnan(smooth.y[0]));
    CHECK(smooth.y[1] == 4);
    CHECK(smooth.y[2] == 4);
    CHECK(std::isnan(smooth.y[3]));
}

TEST_CASE("chart: smoothing keeps lines, ends and means") {
    const curve from = line(50), smooth = smoothed(from, 6);
    for (int i = 0; i < 50; ++i) CHECK(smooth.y[i] == doctest::Approx(from.y[i]));
    curve spike = line(51);
    for (double& y : spike.y) y = 0;
    spike.y[25] = 1;
    const curve spread = smoothed(spike, 2);
    CHECK(spread.y[23] == doctest::Approx(0.2));
    CHECK(spread.y[22] == 0);
    CHECK(smoothed(line(0), 3).y.empty());
}

TEST_CASE("chart: ticks are round, inside, evenly spaced and as many as asked, about") {
    const double ranges[][2] = {{0, 1},    {1.93, 5.54}, {0, 1000}, {-3, 7},     {0.3, 0.31},
                                {0, 1e-9}, {5, 1e12},    {-8, -2},  {99.5, 100}, {0, 0.3}};
    for (const auto& [lowest, highest] : ranges)
        for (const int about : {2, 5, 9})
            for (const bool to_ticks : {false, true}) {
                const axis a = axis_over(lowest, highest, about, to_ticks);
                REQUIRE(a.ticks.size() >= 1);
                CHECK(int(a.ticks.size()) <= 2 * about + 2);
                CHECK(a.first <= lowest);
                CHECK(a.last >= highest);
                if (to_ticks) {
                    CHECK(a.ticks.front() == doctest::Approx(a.first));
                    CHECK(a.ticks.back() == doctest::Approx(a.last));
                } else {
                    CHECK(a.first == lowest);
                    CHECK(a.last == highest);
                }
                for (std::size_t i = 1; i < a.ticks.size(); ++i) {
                    const double step = a.ticks[i] - a.ticks[i - 1];
                    CHECK(step == doctest::Approx(a.ticks[1] - a.ticks[0]).epsilon(1e-6));
                    // 'digits' tell neighbours apart
                    if (a.digits < 12) CHECK(step >= 0.999 * std::pow(10.0, -a.digits));
                }
            }
}

TEST_CASE("chart: an axis over nothing or one value still has a width") {
    const double values[] = {0, 3, -3, 1e9};
    for (const double v : values) {
        const axis a = axis_over(v, v, 4, true);
        CHECK(a.first < v);
        CHECK(a.last > v);
    }
    const double infinity = std::numeric_limits<double>::infinity();
    const axis none = axis_over(infinity, -infinity, 4, true);
    CHECK(none.first == 0);
    CHECK(none.last == 1);
    CHECK(axis_over(not_a_number, not_a_number, 4, false).last == 1);
}

TEST_CASE("chart: axes span every finite point of every curve") {
    const std::vector<curve> curves{{"a", {0, 10}, {1, not_a_number}}, {"b", {5, 20}, {2, 4}}};
    const axis x = x_axis(curves, 4), y = y_axis(curves, 4), zero = y_axis(curves, 4, true);
    CHECK(x.first == 0);
    CHECK(x.last == 20);
    CHECK(y.first == 1);
    CHECK(y.last == 4);
    CHECK(zero.first == 0);
    CHECK(x.place(5) == doctest::Approx(0.25));
}
