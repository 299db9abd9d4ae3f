// SPDX-License-Identifier: MIT
// Numbers into a small format with scales, and back:
//   quantise     scale = chosen from the tile's largest magnitude    code = Format(x / scale)
//   dequantise   y = scale * code
// The division is a multiplication by the scale's inverse, exact for powers of two. x is a matrix
// of float or bfloat16, or a quantised one: what was in tiles of rows is quantised again in tiles
// of columns without being written out. What is not finite: precision/scaling.hpp. x, y (count,
// width)
#pragma once

#include <moe/core/check.hpp>
#include <moe/device/reference.hpp>
#include <moe/op/groups.hpp>
#include <moe/precision/scaling.hpp>
#include <moe/tensor/view.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace moe {

namespace detail {
// The first row of tiles of a group. Tiles of all groups before it fit below.
template <class Scaling> constexpr int first_tile_of(const groups& g, int group) {
    static_assert(std::is_same_v<typename Scaling::order, scales_by_row>,
                  "moe: scales of groups lie row by row.");
    return (Scaling::rows == entire ? 0 : g.first[group] / (Scaling::rows ? Scaling::rows : 1)) +
           group;
}
}  // namespace detail

// Scales of a matrix whose rows belong to so many groups. Some of them are never used.
template <class Scaling>
constexpr std::ptrdiff_t scales_of_groups(int count, int width, int groups) {
    const int tiles = Scaling::rows == entire ? 0 : count / (Scaling::rows ? Scaling::rows : 1);
    return std::ptrdiff_t(tiles + groups) * Scaling::tile_columns(width);
}
template <class Format, class Scaling>
constexpr quantised<Format, Scaling> group_of(quantised<Format, Scaling> all, const groups& g,
                                              int group) {
    const int first = g.first[group];
    return {all.code.part(first, g.first[group + 1] - first),
            all.scale + std::ptrdiff_t(detail::first_tile_of<Scaling>(g, group)) *
                            Scaling::tile_columns(all.width),
            all.width};
}

}  // namespace moe

namespace moe::op {

namespace detail {

// What can be quantised: matrices of numbers, and quantised ones.
template <class T> int count_of(const rows<T>& x) { return x.count; }
template <class T> int width_of(const rows<T>& x) { return x.width; }
template <class Format, class Scaling> int count_of(const quantised<Format, Scaling>& x) {
    return x.code.count;
}
template <class Format, class Scaling> int width_of(const quantised<Format, Scaling>& x) {
    return x.width;
}

// Some of the rows.
template <class T> rows<T> rows_of(const rows<T>& x, int first, int count) {
    return x.part(first, count);
}
template <class Format, class Scaling>
quantised<Format, Scaling> rows_of(const quantised<Format, Scaling>& x, int first, int count) {
    static_assert(Scaling::rows == 1 && std::is_same_v<typename Scaling::order, scales_by_row>,
                  "moe: only where no scale joins rows can rows be taken out.");
    return {x.code.part(first, count), x.scale + std::ptrdiff_t(first) * x.tile_columns(), x.width};
}

// A part of a matrix: rows [first_row, last_row), columns [first, last).
struct patch {
    int first_row, last_row, first, last;
};

// The patch of the tile (i, j) of a matrix.
template <class Scaling> constexpr patch tile_at(int i, int j, int count, int width) {
    const auto cut = [](int tile, int size, int extent) {
        if (size == entire) return interval{0, extent};
        return interval{std::int64_t(tile) * size, smaller((tile + 1) * size, extent)};
    };
    const interval row = cut(i, Scaling::rows, count), column = cut(j, Scaling::columns, width);
    return {int(row.first), int(row.last), int(column.first), int(column.last)};
}

// The largest magnitude from the largest bits without sign; NaN where something is not finite.
constexpr float amax_of(std::uint32_t bits) {
    return bits < 0x7F800000U ? std::bit_cast<float>(bits) : moe::detail::no_number;
}

template <class Source> float amax(const Source& x, patch p) {
    std::uint32_t most = 0;
    for (int i = p.first_row; i < p.last_row; ++i)
        for (int j = p.first; j < p.last; ++j)
            most = larger(most, std::bit_cast<std::uint32_t>(float(x(i, j))) & 0x7FFFFFFFU);
    return amax_of(most);
}

template <class Format, class Scaling, class Source>
void encode_patch(quantised<Format, Scaling> y, const Source& x, patch p, float inverse) {
    const bool finite = inverse == inverse;
    const auto nothing = Format::from_bits(typename Format::code(Format::nan_code));
    for (int i = p.first_row; i < p.last_row; ++i)
        for (int j = p.first; j < p.last; ++j) {
            if constexpr (storage<Format>::numbers > 1)
                if (j % 2 == 0 && j + 1 == y.width) y.code(i, j / 2) = {Format(0.0F), Format(0.0F)};
            storage<Format>::put(y.code[i], j, finite ? Format(float(x(i, j)) * inverse) : nothing);
        }
}

}  // namespace detail

template <class Format, class Scaling, class Source>
void quantise(reference, quantised<Format, Scaling> y, const Source& x) {
    MOE_CHECK(y.code.count, ==, detail::count_of(x));
    MOE_CHECK(y.width, ==, detail::width_of(x));
    for (int i = 0; i < y.tile_rows(); ++i)
        for (int j = 0; j < y.tile_columns(); ++j) {
            const detail::patch p = detail::tile_at<Scaling>(i, j, y.code.count, y.width);
            const auto [scale, inverse] =
                Scaling::scale::template choose<Format>(detail::amax(x, p));
            y.scale_at(i, j) = scale;
            detail::encode_patch(y, x, p, inverse);
        }
}

template <class Format, class Scaling, class Source>
void quantise(reference on, quantised<Format, Scaling> y, const Source& x, const groups& g) {
    MOE_CHECK(y.code.count, ==, g.rows());
    MOE_CHECK(detail::count_of(x), ==, g.rows());
    for (int e = 0; e < g.count; ++e)
        quantise(on, group_of(y, g, e),
                 detail::rows_of(x, g.first[e], g.first[e + 1] - g.first[e]));
}

// One scale for the tensor, from an amax known before: delayed scaling. What is larger saturates.
// Returns the amax of x.
template <class Format, class Scale, class Source>
float quantise_delayed(reference, quantised<Format, per_tensor<Scale>> y, const Source& x,
                       float amax) {
    MOE_CHECK(y.code.count, ==, detail::count_of(x));
    MOE_CHECK(y.width, ==, detail::width_of(x));
    const detail::patch all{0, y.code.count, 0, y.width};
    const auto [scale, inverse] = Scale::template choose<Format>(amax);
    if (y.tile_rows() * y.tile_columns() > 0) y.scale_at(0, 0) = scale;
    detail::encode_patch(y, x, all, inverse);
    return detail::amax(x, all);
}

template <class Number, class Format, class Scaling>
void dequantise(reference, rows<Number> y, quantised<Format, Scaling> x) {
    MOE_CHECK(y.count, ==, x.code.count);
    MOE_CHECK(y.width, ==, x.width);
    for (int i = 0; i < y.count; ++i)
        for (int j = 0; j < y.width; ++j) y(i, j) = Number(x(i, j));
}

}  // namespace moe::op
