// SPDX-License-Identifier: MIT
// Sums in bfloat16 that do not lose what is smaller than their last place: with what was lost kept
// beside them (Kahan, "Further remarks on reducing truncation errors", 1965), or with rounding that
// is right on average. Each addition is done in FP32 and rounded once.
#pragma once

#include <moe/core/bfloat16.hpp>
#include <moe/precision/small_float.hpp>

#include <cstdint>

namespace moe {

struct kahan_sum {
    bfloat16 sum{0.0F};
    bfloat16 lost{0.0F};  // to be added

    constexpr void add(float x) {
        const float missing = x + float(lost);
        const bfloat16 next(float(sum) + missing);
        // The difference of neighbours is exact. An infinite sum has nothing to add.
        const float gained = float(next) - float(sum);
        lost = bfloat16(gained - gained == 0 ? missing - gained : 0.0F);
        sum = next;
    }
    constexpr float value() const { return float(sum) + float(lost); }
};

constexpr bfloat16 add_nearest(bfloat16 sum, float x) { return bfloat16(float(sum) + x); }

// 'random': 32 bits, of which no two additions may use the same (precision/rounding_words.hpp).
constexpr bfloat16 add_stochastically(bfloat16 sum, float x, std::uint32_t random) {
    return round_stochastically<bfloat16>(float(sum) + x, random);
}

}  // namespace moe
