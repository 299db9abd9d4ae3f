// SPDX-License-Identifier: MIT
// Delayed scaling: the scale of a tensor follows from the largest magnitudes of the steps before,
// so that it is known before the tensor is. What is larger saturates for one step. The struct is
// all there is to save.
#pragma once

#include <moe/core/config.hpp>

#include <bit>
#include <cstdint>

namespace moe {

template <int Steps = 16> struct amax_history {
    static_assert(Steps > 0);
    float seen[Steps] = {};
    std::int32_t recorded = 0;  // steps, at most Steps
    std::int32_t next = 0;

    // Of a step that has ended. What is not finite is left out: the step that saw it is not made.
    constexpr void record(float amax) {
        if ((std::bit_cast<std::uint32_t>(amax) & 0x7FFFFFFFU) >= 0x7F800000U) return;
        seen[next] = amax;
        next = (next + 1) % Steps;
        if (recorded < Steps) ++recorded;
    }
    // The largest of the steps seen; before the first, 'otherwise': with a format's largest number
    // the scale is 1.
    constexpr float largest(float otherwise) const {
        if (recorded == 0) return otherwise;
        float most = seen[0];
        for (int i = 1; i < recorded; ++i) most = most < seen[i] ? seen[i] : most;
        return most;
    }
};

}  // namespace moe
