// SPDX-License-Identifier: MIT
// Arithmetic over one token's experts. In float it runs over sixteen lanes, so the bits do not
// depend on the instruction set; in double, for gradient checks, over one lane.
#pragma once

#include <moe/core/math.hpp>
#include <moe/device/lanes.hpp>

#include <cstring>
#include <limits>
#include <type_traits>

namespace moe::detail {

template <class T> struct one_lane {
    T v;

    static one_lane load(const T* p) { return {*p}; }
    static one_lane splat(T x) { return {x}; }
    void store(T* p) const { *p = v; }

    friend one_lane operator+(one_lane a, one_lane b) { return {a.v + b.v}; }
    friend one_lane operator-(one_lane a, one_lane b) { return {a.v - b.v}; }
    friend one_lane operator*(one_lane a, one_lane b) { return {a.v * b.v}; }
    friend one_lane fma(one_lane a, one_lane b, one_lane c) { return {std::fma(a.v, b.v, c.v)}; }
    friend one_lane max(one_lane a, one_lane b) { return a.v > b.v ? a : b; }
    friend one_lane exponential(one_lane x) { return {exponential(x.v)}; }
    friend one_lane sigmoid(one_lane x) { return {sigmoid(x.v)}; }
    friend T sum(one_lane a) { return a.v; }
    friend T largest(one_lane a) { return a.v; }
};

// Count numbers of type T, a vector at a time; the last one may be partly filled.
template <class Isa, int Count, class T> struct sweep {
    static constexpr bool wide = std::is_same_v<T, float>;
    using vector = std::conditional_t<wide, lanes<Isa>, one_lane<T>>;
    static constexpr int width = wide ? lane_count : 1, whole = Count / width * width;

    // Which elements: Filled of them, from 'first' on. A partly filled vector goes through a copy:
    // a masked load behind the end of an array makes GCC warn, though it touches nothing there.
    template <int Filled> struct place {
        int first;
        MOE_INLINE vector load(const T* p) const {
            if constexpr (Filled == width) {
                return vector::load(p + first);
            } else {
                T copy[width] = {};
                std::memcpy(copy, p + first, Filled * sizeof(T));
                return vector::load(copy);
            }
        }
        MOE_INLINE void store(T* p, vector x) const {
            if constexpr (Filled == width) {
                x.store(p + first);
            } else {
                T copy[width];
                x.store(copy);
                std::memcpy(p + first, copy, Filled * sizeof(T));
            }
        }
    };

    template <class Work> static MOE_INLINE void each(const Work& work) {
        for (int first = 0; first < whole; first += width) work(place<width>{first});
        if constexpr (Count != whole) work(place<Count - whole>{whole});
    }
};

template <class Isa, int Experts, class T> MOE_INLINE T sum_of(const T* x) {
    using over = sweep<Isa, Experts, T>;
    auto total = over::vector::splat(0);
    over::each([&](auto at) { total = total + at.load(x); });
    return sum(total);
}

template <class Isa, int Experts, class T> MOE_INLINE T largest_of(const T* x) {
    using over = sweep<Isa, Experts, T>;
    auto top = over::vector::splat(-std::numeric_limits<T>::infinity());
    for (int e = 0; e < over::whole; e += over::width) top = max(over::vector::load(x + e), top);
    T result = largest(top);
    for (int e = over::whole; e < Experts; ++e) result = x[e] > result ? x[e] : result;
    return result;
}

// x *= factor
template <class Isa, int Experts, class T> MOE_INLINE void multiply(T* x, T factor) {
    using over = sweep<Isa, Experts, T>;
    const auto by = over::vector::splat(factor);
    over::each([&](auto at) { at.store(x, at.load(x) * by); });
}

// s = sigmoid(logits)
template <class Isa, int Experts, class T> MOE_INLINE void sigmoids(T* s, const T* logits) {
    sweep<Isa, Experts, T>::each([&](auto at) { at.store(s, sigmoid(at.load(logits))); });
}

// s = exp(logits - max) / sum
template <class Isa, int Experts, class T> MOE_INLINE void softmax(T* s, const T* logits) {
    using over = sweep<Isa, Experts, T>;
    const auto top = over::vector::splat(largest_of<Isa, Experts>(logits));
    over::each([&](auto at) { at.store(s, exponential(at.load(logits) - top)); });
    multiply<Isa, Experts>(s, T(1) / sum_of<Isa, Experts>(s));
}

// sum of a * b
template <class Isa, int Experts, class T> MOE_INLINE T product_of(const T* a, const T* b) {
    using over = sweep<Isa, Experts, T>;
    auto total = over::vector::splat(0);
    over::each([&](auto at) { total = fma(at.load(a), at.load(b), total); });
    return sum(total);
}

}  // namespace moe::detail
