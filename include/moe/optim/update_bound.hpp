// SPDX-License-Identifier: MIT
// How large an update of Adam can be at most, as a multiple of the rate: by Cauchy and Schwarz
//   |m / c1| / sqrt(v / c2) <= (1 - b1) / sqrt((1 - b2) (1 - b1^2 / b2)) * sqrt(c2) / c1
// with c = 1 - b^step. Exact moments never reach it, so clamping to it costs nothing and makes the
// worst that lossy moments can do a step of bounded size. Needs b1^2 < b2, else it is infinite.
#pragma once

#include <moe/core/config.hpp>

#include <cmath>
#include <cstdint>
#include <limits>

namespace moe {

// base^exponent by repeated squaring: the same bits with every C library.
constexpr double integer_power(double base, std::int64_t exponent) {
    double result = 1;
    for (; exponent > 0; exponent /= 2, base *= base)
        if (exponent % 2 != 0) result *= base;
    return result;
}

inline double largest_update(double beta1, double beta2, std::int64_t step) {
    const double ratio = beta2 > 0 ? beta1 * beta1 / beta2 : 1;
    if (ratio >= 1) return std::numeric_limits<double>::infinity();
    const double limit = (1 - beta1) / std::sqrt((1 - beta2) * (1 - ratio));
    return limit * std::sqrt(1 - integer_power(beta2, step)) / (1 - integer_power(beta1, step));
}

}  // namespace moe
