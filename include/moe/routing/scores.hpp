// SPDX-License-Identifier: MIT
// Sigmoid and softmax over one token's experts. In float over sixteen lanes, so the bits do not
// depend on the instruction set; in double, for gradient checks, one after another.
#pragma once

#include <moe/core/math.hpp>
#include <moe/device/lanes.hpp>

#include <type_traits>

namespace moe::detail {

// s = sigmoid(logits)
template <class Isa, int Experts, class T> MOE_INLINE void sigmoids(T* s, const T* logits) {
    if constexpr (std::is_same_v<T, float>) {
        using vector = lanes<Isa>;
        constexpr int whole = Experts / lane_count * lane_count, rest = Experts - whole;
        for (int e = 0; e < whole; e += lane_count) sigmoid(vector::load(logits + e)).store(s + e);
        if constexpr (rest != 0)
            sigmoid(vector::load_first(logits + whole, rest)).store_first(s + whole, rest);
    } else {
        for (int e = 0; e < Experts; ++e) s[e] = sigmoid(logits[e]);
    }
}

template <class Isa, int Experts, class T> MOE_INLINE T sum_of(const T* x) {
    if constexpr (std::is_same_v<T, float>) {
        using vector = lanes<Isa>;
        constexpr int whole = Experts / lane_count * lane_count, rest = Experts - whole;
        vector total = vector::splat(0);
        for (int e = 0; e < whole; e += lane_count) total = total + vector::load(x + e);
        if constexpr (rest != 0) total = total + vector::load_first(x + whole, rest);
        return sum(total);
    } else {
        T total = 0;
        for (int e = 0; e < Experts; ++e) total += x[e];
        return total;
    }
}

// x *= factor
template <class Isa, int Experts, class T> MOE_INLINE void multiply(T* x, T factor) {
    if constexpr (std::is_same_v<T, float>) {
        using vector = lanes<Isa>;
        constexpr int whole = Experts / lane_count * lane_count, rest = Experts - whole;
        const vector by = vector::splat(factor);
        for (int e = 0; e < whole; e += lane_count) (vector::load(x + e) * by).store(x + e);
        if constexpr (rest != 0)
            (vector::load_first(x + whole, rest) * by).store_first(x + whole, rest);
    } else {
        for (int e = 0; e < Experts; ++e) x[e] *= factor;
    }
}

// s = exp(logits - max) / sum
template <class Isa, int Experts, class T> MOE_INLINE void softmax(T* s, const T* logits) {
    T top = logits[0];
    for (int e = 1; e < Experts; ++e) top = logits[e] > top ? logits[e] : top;
    if constexpr (std::is_same_v<T, float>) {
        using vector = lanes<Isa>;
        constexpr int whole = Experts / lane_count * lane_count, rest = Experts - whole;
        const vector below = vector::splat(top);
        for (int e = 0; e < whole; e += lane_count)
            exponential(vector::load(logits + e) - below).store(s + e);
        if constexpr (rest != 0)
            exponential(vector::load_first(logits + whole, rest) - below)
                .store_first(s + whole, rest);
    } else {
        for (int e = 0; e < Experts; ++e) s[e] = exponential(logits[e] - top);
    }
    multiply<Isa, Experts>(s, T(1) / sum_of<Isa, Experts>(s));
}

}  // namespace moe::detail
