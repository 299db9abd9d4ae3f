// SPDX-License-Identifier: MIT
// Clipping by the norm of the whole gradient: g <- g min(1, limit / ||g||). Pascanu et al. 2013.
#pragma once

#include <cmath>

namespace moe {

struct clipping {
    double norm = 0;    // as it was found: infinite or NaN where the gradient is
    double factor = 1;  // for the gradient; 0 where the norm is not finite

    // Where not, the step must not be taken: 0 times NaN is still NaN.
    bool finite() const { return std::isfinite(norm); }
};

// sum_of_squares: over all trained tensors, added in their order. limit 0: clip nothing.
inline clipping clip_by_norm(double sum_of_squares, double limit) {
    const double norm = std::sqrt(sum_of_squares);
    if (!std::isfinite(norm)) return {norm, 0};
    return {norm, limit > 0 && norm > limit ? limit / norm : 1};
}

}  // namespace moe
