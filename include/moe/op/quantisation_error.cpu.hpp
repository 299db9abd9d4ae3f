// SPDX-License-Identifier: MIT
// The error of quantisation on the CPU: split over rows. The same bits as the specification.
#pragma once

#include <moe/device/cpu.hpp>
#include <moe/op/quantisation_error.hpp>
#include <moe/op/quantise.cpu.hpp>

namespace moe::op {

namespace detail {

template <class Isa, class Format, class Scaling, class Number>
MOE_INLINE error_in_units error_of_lanes(const quantised<Format, Scaling>& q, rows<const Number> x,
                                         int i, interval columns) {
    using vector = lanes<Isa>;
    using format = typename quantised<Format, Scaling>::format;
    const int first = int(columns.first);
    const vector zero = vector::splat(0), one = vector::splat(1);
    const vector inverse = vector::splat(1 / q.scale_of(i, first));
    vector signal = zero, noise = zero, nonzero = zero, flushed = zero;
    sweep(int(columns.count()), [&](int j, auto n) {
        const vector from = numbers_at<Isa>(x, i, first + j, n), number = from * inverse;
        const auto* const at = q.code[i] + (first + j) / storage<format>::numbers;
        const vector code = decode_lanes<format, Isa>(load_codes<format, Isa>(at, n));
        const vector apart = number - code;
        signal = fma(number, number, signal);
        noise = fma(apart, apart, noise);
        // Magnitudes as integers: NaN is no zero.
        const auto is_zero = [&](vector a) {
            const words<Isa> magnitude = words<Isa>::of(a) & words<Isa>::splat(0x7FFFFFFF);
            return where_less(magnitude, words<Isa>::splat(1), words<Isa>::of(one),
                              words<Isa>::of(zero))
                .floats();
        };
        const vector number_is = one - is_zero(from);
        nonzero = nonzero + number_is;
        flushed = fma(number_is, is_zero(code), flushed);
    });
    return {sum(signal), sum(noise), sum(nonzero), sum(flushed)};
}

}  // namespace detail

template <class Isa, class Format, class Scaling, class Number>
quantisation_error measure(cpu_on<Isa> on, quantised<Format, Scaling> q, rows<Number> of,
                           quantisation_error* partial) {
    const rows<const Number> x = of;
    detail::check_error(q, x);
    on.each(x.count, [&](int i) {
        partial[i] = detail::error_of_row<Scaling>(
            [&](quantisation_error& row, interval columns) {
                detail::error_of_lanes<Isa>(q, x, i, columns)
                    .add_to(row, q.scale_of(i, int(columns.first)));
            },
            x.width, q.tile_columns());
    });
    quantisation_error total;
    for (int i = 0; i < x.count; ++i) total.add(partial[i]);
    return total;
}

}  // namespace moe::op
