// SPDX-License-Identifier: MIT
// Is a gradient the derivative of a function? Central differences in double, of fourth order: with
// steps of 1e-3 they are good to about 1e-11 of a smooth function's size.
#pragma once

#include "tests/support/random.hpp"

namespace test {

// d value() / d x, x being something that value() reads.
template <class Value> double derivative(double& x, const Value& value, double step = 1e-3) {
    const double here = x;
    const auto at = [&](double steps) {
        x = here + steps * step;
        return value();
    };
    const double near = at(1) - at(-1), far = at(2) - at(-2);
    x = here;
    return (8 * near - far) / (12 * step);
}

// The norm of (gradient - derivative of value() by x), relative to that of the derivative.
template <class Value>
double gradient_error(rows<double> x, rows<const double> gradient, const Value& value,
                      double step = 1e-3) {
    double difference = 0, size = 0;
    for (int i = 0; i < x.count; ++i)
        for (int j = 0; j < x.width; ++j) {
            const double expected = derivative(x(i, j), value, step);
            const double d = gradient(i, j) - expected;
            difference += d * d;
            size += expected * expected;
        }
    return difference == 0 ? 0 : std::sqrt(difference / std::fmax(size, 1e-300));
}

}  // namespace test
