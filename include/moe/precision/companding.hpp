// SPDX-License-Identifier: MIT
// Both moments of an optimizer in a byte each, in groups of neighbours (32 or 128) that share a
// bfloat16 scale. Small values get finer codes than large ones: the first moment goes through
// y = 2x / (1 + |x|), the second through its square root.
//     m = scale * x, x = y / (2 - |y|), y = code / 127        code -127 to 127
//     v = (scale * code / 255)^2                              code 0 to 255
// Guards: a group of next to nothing is zero, with scale zero; what is positive keeps a positive
// code, or a step would divide by epsilon alone; a group with anything not finite has the scale NaN
// and is read as NaN. bfloat16 has a float's range, so that scales do not underflow.
#pragma once

#include <moe/core/bfloat16.hpp>
#include <moe/tensor/view.hpp>

#include <bit>
#include <cmath>
#include <cstdint>

namespace moe {

namespace detail {

struct companding {
    static constexpr float smallest = 1e-30F;         // a group's scale below it is zero
    static constexpr float to_integer = 12582912.0F;  // 1.5 x 2^23: adding it rounds to an integer
    static constexpr float first_limit = 127, second_limit = 255;
};

// Scale of a group from its largest, and its inverse; both 0 for next to nothing. NaN stays NaN.
struct group_scale {
    bfloat16 scale;
    float inverse;

    explicit constexpr group_scale(float largest) : scale(largest), inverse(0) {
        if (largest < companding::smallest)
            scale = bfloat16(0.0F);
        else
            inverse = 1 / float(scale);
    }
};

// The largest of the bits without sign, as a float.
inline float largest_magnitude(const float* x, int count) {
    std::uint32_t most = 0;
    for (int i = 0; i < count; ++i) {
        const std::uint32_t bits = std::bit_cast<std::uint32_t>(x[i]) & 0x7FFFFFFFU;
        most = most < bits ? bits : most;
    }
    return most < 0x7F800000U ? std::bit_cast<float>(most) : std::bit_cast<float>(0x7FC00000U);
}

constexpr float rounded(float x) { return x + companding::to_integer - companding::to_integer; }

}  // namespace detail

// One group: 'count' moments and their codes.
inline void compress_first_moment(std::int8_t* code, bfloat16& scale, const float* m, int count) {
    using c = detail::companding;
    const detail::group_scale group(detail::largest_magnitude(m, count));
    scale = group.scale;
    const bool number = group.inverse == group.inverse;
    for (int i = 0; i < count; ++i) {
        float x = number ? m[i] * group.inverse : 0.0F;
        x = x < -1 ? -1.0F : x > 1 ? 1.0F : x;  // the scale may have been rounded down
        code[i] = std::int8_t(detail::rounded((x + x) / (1 + std::fabs(x)) * c::first_limit));
    }
}
inline void expand_first_moment(float* m, const std::int8_t* code, bfloat16 scale, int count) {
    for (int i = 0; i < count; ++i) {
        const float y = float(code[i]) * (1 / detail::companding::first_limit);
        m[i] = y / (2 - std::fabs(y)) * float(scale);
    }
}

// v must not be negative.
inline void compress_second_moment(std::uint8_t* code, bfloat16& scale, const float* v, int count) {
    using c = detail::companding;
    const detail::group_scale group(std::sqrt(detail::largest_magnitude(v, count)));
    scale = group.scale;
    const bool number = group.inverse == group.inverse;
    for (int i = 0; i < count; ++i) {
        float x = number ? std::sqrt(v[i]) * group.inverse : 0.0F;
        x = detail::rounded((x < 1 ? x : 1.0F) * c::second_limit);
        code[i] = std::uint8_t(number && v[i] > 0 && x < 1 ? 1.0F : x);
    }
}
inline void expand_second_moment(float* v, const std::uint8_t* code, bfloat16 scale, int count) {
    for (int i = 0; i < count; ++i) {
        const float root = float(code[i]) * (1 / detail::companding::second_limit) * float(scale);
        v[i] = root * root;
    }
}

// A moment in a byte a number, which 'group' neighbours of a row share a
// scale for. positive: the second kind.
struct companded_rows {
    rows<std::uint8_t> code;
    rows<bfloat16> scale;
    int group = 32;
    bool positive = false;
};

}  // namespace moe
