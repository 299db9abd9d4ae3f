// SPDX-License-Identifier: MIT
// quantise and dequantise on the CPU: split over rows where no scale joins rows, else over tiles.
// The largest magnitude is found on integers, whose order is no matter. The same bits as the
// specification.
#pragma once

#include <moe/device/cpu.hpp>
#include <moe/op/quantise.hpp>
#include <moe/precision/convert.cpu.hpp>

#include <type_traits>

namespace moe::op {

namespace detail {

// Sixteen numbers of row i from column j on.
template <class Isa, class T, class Count>
MOE_INLINE lanes<Isa> numbers_at(const rows<T>& x, int i, int j, Count n) {
    return load<lanes<Isa>>(x[i] + j, n);
}

// The scales of n numbers.
template <class Isa, class Format, class Scaling, class Count>
MOE_INLINE lanes<Isa> scales_at(const quantised<Format, Scaling>& x, int i, int j, Count n) {
    constexpr int columns = Scaling::columns ? Scaling::columns : 1;
    constexpr bool side_by_side = std::is_same_v<typename Scaling::number, float> &&
                                  std::is_same_v<typename Scaling::order, scales_by_row>;
    if constexpr (Scaling::columns == 1 && side_by_side) {
        return load<lanes<Isa>>(&x.scale_at(Scaling::rows == entire ? 0 : i / Scaling::rows, j), n);
    } else {
        if (Scaling::columns == entire || j / columns == (j + count_of(n) - 1) / columns)
            return lanes<Isa>::splat(x.scale_of(i, j));
        float scale[lane_count] = {};
        for (int k = 0; k < count_of(n); ++k) scale[k] = x.scale_of(i, j + k);
        return lanes<Isa>::load(scale);
    }
}
template <class Isa, class Format, class Scaling, class Count>
MOE_INLINE lanes<Isa> numbers_at(const quantised<Format, Scaling>& x, int i, int j, Count n) {
    using format = std::remove_const_t<Format>;
    const words<Isa> code = load_codes<format, Isa>(x.code[i] + j / storage<format>::numbers, n);
    return decode_lanes<format, Isa>(code) * scales_at<Isa>(x, i, j, n);
}

// The largest bits without sign.
template <class Isa, class Source> MOE_INLINE std::uint32_t largest_bits(const Source& x, patch p) {
    using w = words<Isa>;
    const w unsigned_bits = w::splat(0x7FFFFFFF);
    w most = w::splat(0);
    for (int i = p.first_row; i < p.last_row; ++i)
        sweep(p.last - p.first, [&](int j, auto n) {
            most = max(most, w::of(numbers_at<Isa>(x, i, p.first + j, n)) & unsigned_bits);
        });
    return largest(most);
}

// InRange: the inverse was chosen from the patch's own largest.
template <bool InRange, class Isa, class Format, class Scaling, class Source>
MOE_INLINE void encode_lanes_of(quantised<Format, Scaling> y, const Source& x, patch p,
                                float inverse) {
    const auto each = [&](const auto& code_at) {
        for (int i = p.first_row; i < p.last_row; ++i)
            sweep(p.last - p.first, [&](int j, auto n) {
                const int at = p.first + j;
                store_codes<Format>(y.code[i] + at / storage<Format>::numbers, n,
                                    code_at(i, at, n));
            });
    };
    const lanes<Isa> by = lanes<Isa>::splat(inverse);
    if (inverse == inverse)
        each([&](int i, int j, auto n) {
            return encode_lanes<Format, InRange>(numbers_at<Isa>(x, i, j, n) * by);
        });
    else
        each([&](int, int, auto) { return words<Isa>::splat(Format::nan_code); });
}

template <class Isa, class Format, class Scaling, class Source>
MOE_INLINE void quantise_tile(quantised<Format, Scaling> y, const Source& x, int i, int j) {
    const patch p = tile_at<Scaling>(i, j, y.code.count, y.width);
    const auto [scale, inverse] =
        Scaling::scale::template choose<Format>(amax_of(largest_bits<Isa>(x, p)));
    y.scale_at(i, j) = scale;
    encode_lanes_of<true, Isa>(y, x, p, inverse);
}

// Sixteen tiles of one column each, side by side: rows of 'p', columns [p.first, p.first + 16).
template <class Isa, class Format, class Scaling, class Source, class Count>
MOE_INLINE void quantise_columns(quantised<Format, Scaling> y, const Source& x, int tile_row,
                                 patch p, Count n) {
    using w = words<Isa>;
    w most = w::splat(0);
    for (int i = p.first_row; i < p.last_row; ++i)
        most = max(most, w::of(numbers_at<Isa>(x, i, p.first, n)) & w::splat(0x7FFFFFFF));
    float amax[lane_count], inverse[lane_count] = {};
    most.floats().store(amax);
    for (int k = 0; k < count_of(n); ++k) {
        const auto chosen =
            Scaling::scale::template choose<Format>(amax_of(std::bit_cast<std::uint32_t>(amax[k])));
        y.scale_at(tile_row, p.first + k) = chosen.scale;
        inverse[k] = chosen.inverse;
    }
    const lanes<Isa> by = lanes<Isa>::load(inverse);
    if (largest(most) < 0x7F800000U) {
        for (int i = p.first_row; i < p.last_row; ++i)
            store_codes<Format>(y.code[i] + p.first / storage<Format>::numbers, n,
                                encode_lanes<Format, true>(numbers_at<Isa>(x, i, p.first, n) * by));
        return;
    }
    // Where there is no scale, neither is there a number, whatever the sign.
    const w finite = w::of(by) & w::splat(0x7FFFFFFF);
    for (int i = p.first_row; i < p.last_row; ++i) {
        const w code = encode_lanes<Format>(numbers_at<Isa>(x, i, p.first, n) * by);
        store_codes<Format>(
            y.code[i] + p.first / storage<Format>::numbers, n,
            where_less(finite, w::splat(0x7F800000), code, w::splat(Format::nan_code)));
    }
}

// Pieces of a row of tiles that can be worked on apart: sixteen tiles of one column, or a tile.
template <class Scaling> constexpr int pieces_of(int width) {
    return Scaling::columns == 1 ? ceil_divide(width, lane_count) : Scaling::tile_columns(width);
}
template <class Isa, class Format, class Scaling, class Source>
MOE_INLINE void quantise_piece(quantised<Format, Scaling> y, const Source& x, int tile_row,
                               int piece) {
    if constexpr (Scaling::columns == 1) {
        patch p = tile_at<Scaling>(tile_row, 0, y.code.count, y.width);
        p.first = piece * lane_count;
        const int left = y.width - p.first;
        if (left >= lane_count)
            quantise_columns<Isa>(y, x, tile_row, p, all_lanes{});
        else
            quantise_columns<Isa>(y, x, tile_row, p, first_lanes{left});
    } else {
        quantise_tile<Isa>(y, x, tile_row, piece);
    }
}

// The largest of what threads have seen.
class largest_of_threads {
public:
    void see(std::uint32_t bits) {
        std::uint32_t before = most_.load(std::memory_order_relaxed);
        while (before < bits &&
               !most_.compare_exchange_weak(before, bits, std::memory_order_relaxed)) {
        }
    }
    float amax() const { return amax_of(most_.load(std::memory_order_relaxed)); }

private:
    std::atomic<std::uint32_t> most_{0};
};

}  // namespace detail

template <class Isa, class Format, class Scale, class Source>
float quantise_delayed(cpu_on<Isa> on, quantised<Format, per_tensor<Scale>> y, const Source& x,
                       float amax) {
    MOE_CHECK(y.code.count, ==, detail::count_of(x));
    MOE_CHECK(y.width, ==, detail::width_of(x));
    const auto chosen = Scale::template choose<Format>(amax);
    if (y.tile_rows() * y.tile_columns() > 0) y.scale_at(0, 0) = chosen.scale;
    detail::largest_of_threads most;
    on.split(y.code.count, [&](int first, int last) {
        std::uint32_t mine = 0;
        for (int i = first; i < last; ++i) {  // row by row: read again, it is in the nearest cache
            const detail::patch row{i, i + 1, 0, y.width};
            detail::encode_lanes_of<false, Isa>(y, x, row, chosen.inverse);
            mine = larger(mine, detail::largest_bits<Isa>(x, row));
        }
        most.see(mine);
    });
    return most.amax();
}

template <class Isa, class Format, class Scaling, class Source>
void quantise(cpu_on<Isa> on, quantised<Format, Scaling> y, const Source& x) {
    MOE_CHECK(y.code.count, ==, detail::count_of(x));
    MOE_CHECK(y.width, ==, detail::width_of(x));
    constexpr bool one_scale = Scaling::rows == entire && Scaling::columns == entire;
    if constexpr (one_scale) {
        detail::largest_of_threads most;
        on.split(y.code.count, [&](int first, int last) {
            most.see(detail::largest_bits<Isa>(x, detail::patch{first, last, 0, y.width}));
        });
        quantise_delayed(on, y, x, most.amax());
    } else if constexpr (Scaling::rows == 1) {
        on.each(y.code.count, [&](int i) {
            for (int j = 0; j < y.tile_columns(); ++j) detail::quantise_tile<Isa>(y, x, i, j);
        });
    } else {
        const int pieces = detail::pieces_of<Scaling>(y.width);
        on.each(y.tile_rows() * pieces,
                [&](int task) { detail::quantise_piece<Isa>(y, x, task / pieces, task % pieces); });
    }
}

// Tasks are the rows of tiles that all groups together may have, times their pieces.
template <class Isa, class Format, class Scaling, class Source>
void quantise(cpu_on<Isa> on, quantised<Format, Scaling> y, const Source& x, const groups& g) {
    MOE_CHECK(y.code.count, ==, g.rows());
    MOE_CHECK(detail::count_of(x), ==, g.rows());
    MOE_CHECK(y.width, ==, detail::width_of(x));
    const int pieces = detail::pieces_of<Scaling>(y.width);
    if (g.count == 0 || pieces == 0) return;
    const auto first_tile = [&](int e) { return moe::detail::first_tile_of<Scaling>(g, e); };
    on.each(first_tile(g.count) * pieces, [&](int task) {
        const int tile = task / pieces;
        int e = 0;  // the last group that begins here or before
        for (int step = int(std::bit_floor(unsigned(g.count))); step > 0; step /= 2)
            if (e + step < g.count && first_tile(e + step) <= tile) e += step;
        const int rows = g.first[e + 1] - g.first[e];
        if (tile - first_tile(e) >= Scaling::tile_rows(rows)) return;
        detail::quantise_piece<Isa>(group_of(y, g, e), detail::rows_of(x, g.first[e], rows),
                                    tile - first_tile(e), task % pieces);
    });
}

template <class Isa, class Number, class Format, class Scaling>
void dequantise(cpu_on<Isa> on, rows<Number> y, quantised<Format, Scaling> x) {
    static_assert(std::is_same_v<Number, float> || std::is_same_v<Number, bfloat16>);
    MOE_CHECK(y.count, ==, x.code.count);
    MOE_CHECK(y.width, ==, x.width);
    const auto put = [&](int i, int j, auto n, lanes<Isa> value) {
        if constexpr (std::is_same_v<Number, float>)
            store(y[i] + j, n, value);
        else
            store_codes<bfloat16>(y[i] + j, n, encode_lanes<bfloat16>(value));
    };
    on.each(y.count, [&](int i) {
        sweep(y.width, [&](int j, auto n) { put(i, j, n, detail::numbers_at<Isa>(x, i, j, n)); });
    });
}

}  // namespace moe::op
