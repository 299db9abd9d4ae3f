// SPDX-License-Identifier: MIT
// What a quantised matrix lost: the energy of the error against that of the numbers, and how many
// numbers became zero. A policy that changes a tensor's format from step to step decides by it.
// Sums run over each tile's part of a row in sixteen interleaved floats, in units of the scale, so
// that tiny gradients do not underflow; then over tiles and rows in double, in order.
// x, q (count, width)    partial (count): one a row, left behind
#pragma once

#include <moe/core/check.hpp>
#include <moe/device/reference.hpp>
#include <moe/op/quantise.hpp>

#include <cmath>
#include <cstdint>

namespace moe {

struct quantisation_error {
    double signal = 0, noise = 0;           // sums of squares
    std::int64_t nonzero = 0, flushed = 0;  // numbers; those of them whose code is zero

    constexpr void add(const quantisation_error& more) {
        signal += more.signal;
        noise += more.noise;
        nonzero += more.nonzero;
        flushed += more.flushed;
    }
    // NaN where something was not finite.
    constexpr double noise_to_signal() const { return noise == 0 ? 0 : noise / signal; }
    constexpr double flushed_share() const {
        return nonzero == 0 ? 0 : double(flushed) / double(nonzero);
    }
    bool operator==(const quantisation_error&) const = default;
};

namespace op {

namespace detail {
// One tile's part of a row, in units of its scale.
struct error_in_units {
    float signal, noise, nonzero, flushed;

    void add_to(quantisation_error& row, float scale) const {
        const double unit = double(scale) * double(scale);
        row.add({double(signal) * unit, double(noise) * unit, std::int64_t(nonzero),
                 std::int64_t(flushed)});
    }
};

template <class Format, class Scaling, class Number>
error_in_units error_of(const quantised<Format, Scaling>& q, rows<const Number> x, int i,
                        interval columns) {
    constexpr int sums = 16;
    const float inverse = 1 / q.scale_of(i, int(columns.first));
    float signal[sums] = {}, noise[sums] = {}, nonzero = 0, flushed = 0;
    for (int j = int(columns.first); j < columns.last; ++j) {
        const int sum = (j - int(columns.first)) % sums;
        const float number = float(x(i, j)) * inverse;
        const float code = storage<typename quantised<Format, Scaling>::format>::get(q.code[i], j);
        const float apart = number - code;
        signal[sum] = std::fma(number, number, signal[sum]);
        noise[sum] = std::fma(apart, apart, noise[sum]);
        nonzero += float(x(i, j)) != 0 ? 1.0F : 0.0F;
        flushed += float(x(i, j)) != 0 && code == 0 ? 1.0F : 0.0F;
    }
    for (int half = sums / 2; half > 0; half /= 2)
        for (int k = 0; k < half; ++k) {
            signal[k] += signal[k + half];
            noise[k] += noise[k + half];
        }
    return {signal[0], noise[0], nonzero, flushed};
}

// The tiles of a row, one after the other: part(columns) says what each lost.
template <class Scaling, class Part>
quantisation_error error_of_row(const Part& part, int width, int tiles) {
    static_assert(Scaling::columns % 16 == 0,
                  "moe: errors are measured over tiles whose columns are a multiple of 16.");
    quantisation_error row;
    for (int j = 0; j < tiles; ++j) {
        const int size = Scaling::columns == entire ? width : Scaling::columns;
        part(row, interval{std::int64_t(j) * size, smaller((j + 1) * size, width)});
    }
    return row;
}
template <class Format, class Scaling, class Number>
void check_error(const quantised<Format, Scaling>& q, const rows<const Number>& x) {
    MOE_CHECK(q.code.count, ==, x.count);
    MOE_CHECK(q.width, ==, x.width);
}
}  // namespace detail

template <class Format, class Scaling, class Number>
quantisation_error measure(reference, quantised<Format, Scaling> q, rows<Number> of,
                           quantisation_error* partial) {
    const rows<const Number> x = of;
    detail::check_error(q, x);
    quantisation_error total;
    for (int i = 0; i < x.count; ++i) {
        partial[i] = detail::error_of_row<Scaling>(
            [&](quantisation_error& row, interval columns) {
                detail::error_of(q, x, i, columns).add_to(row, q.scale_of(i, int(columns.first)));
            },
            x.width, q.tile_columns());
        total.add(partial[i]);
    }
    return total;
}

}  // namespace op
}  // namespace moe
