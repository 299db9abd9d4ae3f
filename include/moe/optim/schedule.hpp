// SPDX-License-Identifier: MIT
// The learning rate as a pure function of the step: linear warm-up, then constant, a cosine, or
// constant with a linear decay at the end (warm-up, stable, decay: Hu et al., "MiniCPM", 2024).
// Steps count from 0. The last step of the warm-up has the peak rate, the last step of all
// final_share of it; later steps keep that.
#pragma once

#include <cmath>
#include <cstdint>

namespace moe {

enum class decay_curve : std::uint8_t { constant, cosine, warmup_stable_decay };

struct schedule {
    decay_curve curve = decay_curve::cosine;
    double peak = 3e-4;
    std::int64_t steps = 1000, warmup = 100;
    double final_share = 0.1;  // of the peak
    double decay_share = 0.2;  // of the steps: how long warmup_stable_decay decays

    double rate(std::int64_t step) const {
        if (step < warmup) return peak * double(step + 1) / double(warmup);
        if (curve == decay_curve::constant) return peak;
        const std::int64_t decaying = curve == decay_curve::cosine
                                          ? steps - warmup
                                          : std::int64_t(double(steps) * decay_share + 0.5);
        const std::int64_t first = steps - decaying < warmup ? warmup : steps - decaying;
        if (step < first) return peak;
        if (step + 1 >= steps) return peak * final_share;
        const double done = double(step + 1 - first) / double(steps - first);
        const double pi = 3.14159265358979323846;
        const double left =
            curve == decay_curve::cosine ? 0.5 * (1 + std::cos(pi * done)) : 1 - done;
        return peak * (final_share + (1 - final_share) * left);
    }
};

}  // namespace moe
