// SPDX-License-Identifier: MIT
// What a product in e4m3 reads of activations and of their gradients. Tiles of 128 numbers that
// follow each other along the summed index share a scale: along a row's columns in y = x w^T and
// dx = dy w, along tokens in dw = dy^T x, from the first token of an expert in a grain on. With
// powers of two as scales each rounded number is a bfloat16, so the product is one of those.
#pragma once

#include <moe/op/quantise.hpp>

namespace moe::op {

// Numbers that share a scale where a product rounds its operands itself.
inline constexpr int e4m3_tile = 128;

// Rows of bfloat16, or rows quantised row by row; row i is from[index[i]], without an index i. A
// forward product takes codes of e4m3 as they are and rounds anything else.
template <class Source> struct e4m3_rows {
    Source from;
    const int* index = nullptr;

    constexpr int row(int i) const { return index ? index[i] : i; }
    constexpr int width() const { return detail::width_of(from); }
    bfloat16 operator()(int i, int j) const { return bfloat16(float(from(row(i), j))); }
};
template <class Source> e4m3_rows(Source) -> e4m3_rows<Source>;
template <class Source> e4m3_rows(Source, const int*) -> e4m3_rows<Source>;

namespace detail {

template <class Source> inline constexpr bool has_codes_of_e4m3 = false;
template <class Scaling>
inline constexpr bool has_codes_of_e4m3<quantised<const e4m3, Scaling>> = true;

// number(k) for k in [0, count), rounded to e4m3 in tiles. For specifications.
template <class Number> class rounded_in_tiles {
public:
    rounded_in_tiles(int count, Number number) : count_(count), number_(number) {}

    bfloat16 operator()(int k) const {
        const int first = k / e4m3_tile * e4m3_tile;
        if (first != first_) {
            first_ = first;
            std::uint32_t most = 0;
            for (int i = first; i < smaller(first + e4m3_tile, count_); ++i)
                most = larger(most, std::bit_cast<std::uint32_t>(float(number_(i))) & 0x7FFFFFFFU);
            chosen_ = power_of_two_scale::choose<e4m3>(amax_of(most));
        }
        return bfloat16(float(e4m3(float(number_(k)) * chosen_.inverse)) * chosen_.scale);
    }

private:
    int count_;
    Number number_;
    // Of the tile that was asked for last.
    mutable int first_ = -1;
    mutable scale_of_tile<float> chosen_{};
};
template <class Number> rounded_in_tiles(int, Number) -> rounded_in_tiles<Number>;

// Row i as a forward product reads it.
template <class Source> auto operand_row(const e4m3_rows<Source>& x, int i) {
    const auto number = [x, i](int j) { return x(i, j); };
    if constexpr (has_codes_of_e4m3<Source>)
        return number;
    else
        return rounded_in_tiles(x.width(), number);
}

}  // namespace detail
}  // namespace moe::op
