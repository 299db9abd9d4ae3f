// SPDX-License-Identifier: MIT
// Arrays of one format from and to arrays of float or bfloat16. Everything but the way to a small
// format is exact. The instruction sets' bodies (convert.cpu.hpp) give the same bits.
#pragma once

#include <moe/core/bfloat16.hpp>
#include <moe/core/math.hpp>
#include <moe/device/reference.hpp>
#include <moe/precision/e5m6.hpp>
#include <moe/precision/small_float.hpp>

namespace moe {

// How a format lies in memory: so many numbers in one element of this type.
template <class Format> struct storage {
    using type = Format;
    static constexpr int numbers = 1;

    static constexpr Format get(const type* from, int i) { return from[i]; }
    static constexpr void put(type* to, int i, Format value) { to[i] = value; }
};
template <> struct storage<e5m6> {
    using type = e5m6_pair;
    static constexpr int numbers = 2;

    static constexpr e5m6 get(const type* from, int i) {
        return i % 2 ? from[i / 2].second() : from[i / 2].first();
    }
    static constexpr void put(type* to, int i, e5m6 value) {
        to[i / 2] = i % 2 ? type(to[i / 2].first(), value) : type(value, to[i / 2].second());
    }
};
template <class Format> using stored = typename storage<Format>::type;

// Elements that hold 'count' numbers. Where the last one is only half used, the rest of it is zero.
template <class Format> constexpr int elements_of(int count) {
    return ceil_divide(count, storage<Format>::numbers);
}

// To the nearest, saturating: Format(float).
template <class Format> void encode(reference, stored<Format>* to, const float* from, int count) {
    if constexpr (storage<Format>::numbers > 1)
        if (count > 0) to[elements_of<Format>(count) - 1] = {Format(0.0F), Format(0.0F)};
    for (int i = 0; i < count; ++i) storage<Format>::put(to, i, Format(from[i]));
}

template <class Format, class Number>
void decode(reference, Number* to, const stored<Format>* from, int count) {
    for (int i = 0; i < count; ++i) to[i] = Number(float(storage<Format>::get(from, i)));
}

}  // namespace moe
