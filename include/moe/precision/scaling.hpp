// SPDX-License-Identifier: MIT
// Which numbers of a matrix share a scale, how the scale is chosen, and how scales lie in memory.
// All of it is one type, the scaling; what is quantised in one way cannot be read in another.
//     x(i, j) = scale(i, j) * code(i, j)        code: a small format
// A tile with anything in it that is not finite has the scale NaN and nothing but NaN. A tile of
// zeros has a scale like any other.
#pragma once

#include <moe/core/check.hpp>
#include <moe/core/math.hpp>
#include <moe/precision/convert.hpp>
#include <moe/precision/ue8m0.hpp>
#include <moe/tensor/view.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace moe {

// A tile's largest magnitude, as far as scales are concerned, is at least this: the scale and its
// inverse stay normal numbers. It is so small because gradients shrink as the batch grows: with
// e4m3 nothing above 4.4e-36 is lost to it.
inline constexpr float smallest_amax = 1e-30F;

// What the codes are multiplied by, and what the numbers were multiplied by.
template <class Number> struct scale_of_tile {
    Number scale;
    float inverse;

    constexpr bool finite() const { return inverse == inverse; }
};

namespace detail {
inline constexpr float no_number = std::bit_cast<float>(0x7FC00000U);

// 2^k, the smallest with amax <= 2^k * the format's largest: exact, without a division. One power
// more where amax has the larger mantissa.
template <class Format> constexpr float power_for(float amax) {
    constexpr auto largest = std::bit_cast<std::uint32_t>(float(Format::largest()));
    constexpr std::uint32_t rest = 0x7FFFFFU - (largest & 0x7FFFFFU);
    const std::uint32_t above = std::bit_cast<std::uint32_t>(amax) + rest;
    return std::bit_cast<float>((above & 0x7F800000U) - (largest & 0x7F800000U) + 0x3F800000U);
}
constexpr float inverse_of_power(float power) {
    return std::bit_cast<float>(0x7F000000U - std::bit_cast<std::uint32_t>(power));
}
constexpr bool is_finite(float x) {
    return (std::bit_cast<std::uint32_t>(x) & 0x7FFFFFFFU) < 0x7F800000U;
}
}  // namespace detail

// The largest magnitude becomes the format's largest number.
struct fp32_scale {
    using number = float;
    template <class Format> static constexpr scale_of_tile<float> choose(float amax) {
        if (!detail::is_finite(amax)) return {detail::no_number, detail::no_number};
        const float most = larger(amax, smallest_amax), largest = Format::largest();
        return {most / largest, largest / most};
    }
};
// The next power of two above: scaling is exact, and numbers that were scaled one way can be scaled
// another way without a second error, except for what is flushed to zero.
struct power_of_two_scale {
    using number = float;
    template <class Format> static constexpr scale_of_tile<float> choose(float amax) {
        if (!detail::is_finite(amax)) return {detail::no_number, detail::no_number};
        const float power = detail::power_for<Format>(larger(amax, smallest_amax));
        return {power, detail::inverse_of_power(power)};
    }
};
// The same power in a byte.
struct ue8m0_scale {
    using number = ue8m0;
    template <class Format> static constexpr scale_of_tile<ue8m0> choose(float amax) {
        const auto [power, inverse] = power_of_two_scale::choose<Format>(amax);
        return {ue8m0(power), inverse};
    }
};

// How the scales of tiles, a matrix (tile rows, tile columns), lie in memory: row by row, or column
// by column, each beginning at a multiple of four (Hopper's copies of tiles want 16 bytes).
struct scales_by_row {
    static constexpr std::ptrdiff_t at(int i, int j, int /*rows*/, int columns) {
        return std::ptrdiff_t(i) * columns + j;
    }
    static constexpr std::ptrdiff_t count(int rows, int columns) {
        return std::ptrdiff_t(rows) * columns;
    }
};
struct scales_by_column {
    static constexpr std::ptrdiff_t at(int i, int j, int rows, int /*columns*/) {
        return std::ptrdiff_t(j) * round_up(rows, 4) + i;
    }
    static constexpr std::ptrdiff_t count(int rows, int columns) {
        return std::ptrdiff_t(columns) * round_up(rows, 4);
    }
};

// Rows x Columns numbers share a scale. As an extent of a tile, 'entire' is the matrix's. The last
// tile in a direction may be shorter.
inline constexpr int entire = 0;

template <int Rows, int Columns, class Scale = power_of_two_scale, class Order = scales_by_row>
struct tiles {
    static constexpr int rows = Rows, columns = Columns;
    static_assert(
        Rows >= 0 && Columns >= 0 && (Columns == 1 || Columns % 2 == 0),
        "moe: the columns of a tile must be 1, 'entire' or even: formats are packed in pairs.");
    using scale = Scale;
    using number = typename Scale::number;
    using order = Order;

    static constexpr int tile_rows(int count) {
        return Rows == entire ? count > 0 : ceil_divide(count, Rows ? Rows : 1);
    }
    static constexpr int tile_columns(int width) {
        return Columns == entire ? width > 0 : ceil_divide(width, Columns ? Columns : 1);
    }
    // Scales of a matrix (count, width), with what their order pads.
    static constexpr std::ptrdiff_t scales(int count, int width) {
        return Order::count(tile_rows(count), tile_columns(width));
    }
    // A number of so many rows and columns of tiles, too many for one scale.
    static constexpr bool is_block =
        Rows != 1 && Columns != 1 && !(Rows == entire && Columns == entire);
};

template <class Scale = fp32_scale> using per_tensor = tiles<entire, entire, Scale>;
template <class Scale = fp32_scale> using per_row = tiles<1, entire, Scale>;
template <class Scale = power_of_two_scale, class Order = scales_by_row>
using tile_1x128 = tiles<1, 128, Scale, Order>;
template <class Scale = power_of_two_scale, class Order = scales_by_row>
using tile_128x1 = tiles<128, 1, Scale, Order>;
template <class Scale = power_of_two_scale> using block_128x128 = tiles<128, 128, Scale>;
// "OCP microscaling formats specification" 1.0 with the scale rounded up, so that nothing
// saturates.
using mx_1x32 = tiles<1, 32, ue8m0_scale>;

// Whether a scaling tiles a matrix whose extents are known; a compile error if not. An extent that
// is known at run time only, tokens, is 'entire' here; its last tile may be shorter.
template <class Scaling, int Rows, int Columns> constexpr bool tiled_exactly() {
    static_assert(
        Scaling::rows != 128 || Rows % 128 == 0,
        "moe: the rows (outputs) of this matrix must be a multiple of 128, the rows of its "
        "scaling's tiles.");
    static_assert(Scaling::columns != 128 || Columns % 128 == 0,
                  "moe: the columns (inputs) of this matrix must be a multiple of 128, the columns "
                  "of its scaling's tiles.");
    static_assert(
        Scaling::columns != 32 || Columns % 32 == 0,
        "moe: the columns (inputs) of this matrix must be a multiple of 32, the columns of "
        "its scaling's tiles.");
    constexpr int other_rows = Scaling::rows == entire || Scaling::rows == 128 ? 1 : Scaling::rows;
    static_assert(Rows % other_rows == 0,
                  "moe: the rows (outputs) of this matrix must be a multiple of the rows of its "
                  "scaling's tiles, the first number in tiles<...>.");
    constexpr bool named = Scaling::columns == 128 || Scaling::columns == 32;
    constexpr int other_columns = Scaling::columns == entire || named ? 1 : Scaling::columns;
    static_assert(
        Columns % other_columns == 0,
        "moe: the columns (inputs) of this matrix must be a multiple of the columns of its "
        "scaling's tiles, the second number in tiles<...>.");
    return true;
}

// The scalings of a linear layer's operands. Gradients of activations have outliers that belong to
// single tokens: in blocks over tokens and channels they made a model diverge (DeepSeek-V3, app.
// B.2).
template <class Activation, class Weight, class ActivationGradient> struct operand_scalings {
    using activation = Activation;
    using weight = Weight;
    using activation_gradient = ActivationGradient;
    static_assert(!ActivationGradient::is_block,
                  "moe: gradients of activations must not share scales in blocks of tokens and "
                  "channels; use tile_1x128<>.");
};

// A quantised matrix (code.count, width): codes, as many numbers an element as the format has, and
// scales. A const Format: both may only be read.
template <class Format, class Scaling> struct quantised {
    using format = std::remove_const_t<Format>;
    using scaling = Scaling;
    template <class T> using as_format = std::conditional_t<std::is_const_v<Format>, const T, T>;
    using element = as_format<stored<format>>;
    using scale_number = as_format<typename Scaling::number>;

    rows<element> code;
    scale_number* scale = nullptr;
    int width = 0;

    constexpr quantised() = default;
    constexpr quantised(rows<element> code, scale_number* scale, int width)
        : code(code), scale(scale), width(width) {
        MOE_CHECK(code.width, ==, elements_of<format>(width));
    }
    constexpr operator quantised<const Format, Scaling>() const requires(!std::is_const_v<Format>) {
        return {code, scale, width};
    }

    constexpr int tile_rows() const { return Scaling::tile_rows(code.count); }
    constexpr int tile_columns() const { return Scaling::tile_columns(width); }
    // Of the tile (i, j).
    constexpr scale_number& scale_at(int i, int j) const {
        return scale[Scaling::order::at(i, j, tile_rows(), tile_columns())];
    }
    // Of the number (i, j).
    constexpr float scale_of(int i, int j) const {
        return scale_at(
            Scaling::rows == entire ? 0 : i / (Scaling::rows ? Scaling::rows : 1),
            Scaling::columns == entire ? 0 : j / (Scaling::columns ? Scaling::columns : 1));
    }
    constexpr float operator()(int i, int j) const {
        return float(storage<format>::get(code[i], j)) * scale_of(i, j);
    }
};

}  // namespace moe
