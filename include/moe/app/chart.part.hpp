// SPDX-License-Identifier: MIT
// The definitions of chart.hpp, compiled once.
#pragma once

#include <moe/app/chart.hpp>
#include <moe/core/math.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace moe {

namespace detail {

struct range_of {
    double lowest = std::numeric_limits<double>::infinity(), highest = -lowest;

    void add(double value) {
        if (!std::isfinite(value)) return;
        lowest = std::min(lowest, value), highest = std::max(highest, value);
    }
};

// The mean of the finite ones in [first, last), not a number without any.
inline double mean_of(const std::vector<double>& values, std::int64_t first, std::int64_t last) {
    double sum = 0;
    int count = 0;
    for (std::int64_t i = first; i < last; ++i)
        if (std::isfinite(values[std::size_t(i)])) sum += values[std::size_t(i)], ++count;
    return count ? sum / count : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace detail

curve thinned(const curve& from, int points) {
    const auto count = std::int64_t(std::min(from.x.size(), from.y.size()));
    const std::int64_t parts = std::min<std::int64_t>(count, std::max(points, 1));
    curve result{from.name, {}, {}};
    for (std::int64_t i = 0; i < parts; ++i) {
        const interval run = part_of(count, parts, i);
        result.x.push_back(detail::mean_of(from.x, run.first, run.last));
        result.y.push_back(detail::mean_of(from.y, run.first, run.last));
    }
    // Means pull the ends inwards; a curve begins and ends where the run did.
    if (parts > 1) result.x.front() = from.x.front(), result.x.back() = from.x[count - 1];
    return result;
}

curve smoothed(const curve& from, int reach) {
    curve result = from;
    const auto count = std::int64_t(std::min(from.x.size(), from.y.size()));
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t beside = std::min<std::int64_t>({reach, i, count - 1 - i});
        result.y[std::size_t(i)] = detail::mean_of(from.y, i - beside, i + beside + 1);
    }
    return result;
}

double heat_map::highest() const {
    double result = 0;
    for (const double cell : cells)
        if (std::isfinite(cell)) result = std::max(result, cell);
    return result;
}

axis axis_over(double lowest, double highest, int about, bool to_ticks) {
    if (!(lowest <= highest)) lowest = 0, highest = 1;
    if (lowest == highest) {
        const double room = lowest == 0 ? 1 : std::fabs(lowest) * 0.1;
        lowest -= room, highest += room;
    }
    const double raw = (highest - lowest) / std::max(about, 1);
    const double power = std::pow(10.0, std::floor(std::log10(raw)));
    const double factor = raw / power < 1.5   ? 1
                          : raw / power < 3.5 ? 2
                          : raw / power < 7.5 ? 5
                                              : 10;
    const double step = factor * power;
    // A hair of tolerance, so that 0.3 / 0.1 counts as 3.
    const auto before = [&](double value) { return std::floor(value / step + 1e-9); };
    const auto behind = [&](double value) { return std::ceil(value / step - 1e-9); };

    axis result;
    result.first = lowest, result.last = highest;
    if (to_ticks) result.first = before(lowest) * step, result.last = behind(highest) * step;
    for (double n = behind(result.first); n <= before(result.last); ++n)
        result.ticks.push_back(n * step + 0.0);  // + 0.0: no -0
    result.digits = std::clamp(int(-std::floor(std::log10(step) + 1e-9)), 0, 12);
    return result;
}

axis x_axis(std::span<const curve> curves, int about) {
    detail::range_of range;
    for (const curve& c : curves)
        for (const double x : c.x) range.add(x);
    return axis_over(range.lowest, range.highest, about, false);
}

axis y_axis(std::span<const curve> curves, int about, bool from_zero) {
    detail::range_of range;
    if (from_zero) range.add(0);
    for (const curve& c : curves)
        for (const double y : c.y) range.add(y);
    return axis_over(range.lowest, range.highest, about, true);
}

}  // namespace moe
