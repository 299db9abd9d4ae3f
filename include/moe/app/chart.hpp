// SPDX-License-Identifier: MIT
// What a chart needs before it is drawn, in letters or in SVG: curves, thinned and smoothed ones,
// and axes with round numbers.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace moe {

// A line through points in the order of x. A y that is not finite leaves a gap.
struct curve {
    std::string name;
    std::vector<double> x, y;  // of one length
};

// Means over equal runs of points, so that at most 'points' are left. A gap in a run is skipped.
curve thinned(const curve&, int points);

// Each point is the mean of those up to 'reach' before and behind it; fewer at the ends.
curve smoothed(const curve&, int reach);

// A matrix to be shown as colours.
struct heat_map {
    std::string title;
    std::vector<std::string> rows, columns;
    std::vector<double> cells;  // (rows, columns), shares from 0 to 1

    double at(std::size_t row, std::size_t column) const {
        return cells[row * columns.size() + column];
    }
    double highest() const;  // of the finite cells, 0 without any
};

struct axis {
    double first = 0, last = 1;
    std::vector<double> ticks;  // round numbers in [first, last]
    int digits = 0;             // that tell neighbouring ticks apart

    double place(double value) const { return (value - first) / (last - first); }  // 0 to 1
};

// About so many ticks. An axis 'to ticks' begins and ends at one; else at the range itself.
axis axis_over(double lowest, double highest, int about, bool to_ticks);
axis x_axis(std::span<const curve>, int about);                          // spans the points
axis y_axis(std::span<const curve>, int about, bool from_zero = false);  // to ticks

}  // namespace moe
