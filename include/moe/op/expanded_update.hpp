// SPDX-License-Identifier: MIT
// An optimizer's step on weights and moments that are held in few bits: piece by piece they are
// expanded to floats, changed by
//     update(on, w, g, moments)        rows<float> w, rows<G> g, std::array<rows<float>, N> moments
// and held in few bits again. The step itself sees the moments that it just made, not what is left
// of them. Right only for an update that treats every number by itself.
#pragma once

#include <moe/device/reference.hpp>
#include <moe/precision/companding.hpp>
#include <moe/precision/remainder.hpp>
#include <moe/precision/rounding_words.hpp>
#include <moe/precision/scaling.hpp>
#include <moe/precision/small_float.hpp>
#include <moe/tensor/view.hpp>

#include <array>
#include <cstring>

namespace moe {

// How what is held of a weight is rounded: to the nearest, or up with the probability that the rest
// says. Element (row, column) of the tensor draws from (seed, stream) alone.
struct weight_rounding {
    bool stochastic = false;
    std::uint64_t seed = 0, stream = 0;
    std::int64_t first_row = 0;  // of the rows at hand within the tensor

    std::uint64_t element(int row, int column, int width) const {
        return std::uint64_t(first_row + row) * std::uint64_t(round_up(width, 64)) +
               std::uint64_t(column);
    }
};

// Numbers [first, first + count) of row r. isa: none, or the instruction set to do it with.
template <class... Isa>
void expand_numbers(float* to, const rows<float>& from, int r, int first, int count, Isa...) {
    std::memcpy(to, from[r] + first, std::size_t(count) * sizeof(float));
}
template <class... Isa>
void compress_numbers(const rows<float>& to, int r, int first, int count, const float* from,
                      Isa...) {
    std::memcpy(to[r] + first, from, std::size_t(count) * sizeof(float));
}

template <class... Isa>
void expand_numbers(float* to, const companded_rows& from, int r, int first, int count,
                    Isa... isa) {
    for (int i = 0; i < count; i += from.group) {
        const int n = smaller(from.group, count - i);
        const std::uint8_t* const code = from.code[r] + first + i;
        const bfloat16 scale = from.scale(r, (first + i) / from.group);
        if (from.positive)
            expand_second_moment(isa..., to + i, code, scale, n);
        else
            expand_first_moment(isa..., to + i, reinterpret_cast<const std::int8_t*>(code), scale,
                                n);
    }
}
template <class... Isa>
void compress_numbers(const companded_rows& to, int r, int first, int count, const float* from,
                      Isa... isa) {
    for (int i = 0; i < count; i += to.group) {
        const int n = smaller(to.group, count - i);
        std::uint8_t* const code = to.code[r] + first + i;
        bfloat16& scale = to.scale(r, (first + i) / to.group);
        if (to.positive)
            compress_second_moment(isa..., code, scale, from + i, n);
        else
            compress_first_moment(isa..., reinterpret_cast<std::int8_t*>(code), scale, from + i, n);
    }
}

template <class Integer>
void expand_numbers(float* to, const split_rows<Integer>& from, int r, int first, int count) {
    for (int i = 0; i < count; ++i) {
        const bfloat16 base = from.base(r, first + i);
        if constexpr (std::is_same_v<Integer, no_remainder>)
            to[i] = float(base);
        else
            to[i] = joined_weight(base, from.remainder(r, first + i));
    }
}

template <class Integer>
void expand_numbers(float* to, const split_blocks<Integer>& from, int r, int first, int count) {
    for (int i = first; i < first + count; ++i) {
        const float scale = from.scale[from.block(r, i)];
        const e4m3 code = from.base(r, i);
        const float base = float(code) * scale;
        if constexpr (std::is_same_v<Integer, no_remainder>)
            to[i - first] = base;
        else
            to[i - first] = with_remainder(base, half_step(code, scale), from.remainder(r, i));
    }
}

// Weights alone are rounded in more than one way.
template <class... Isa>
void compress_numbers(const rows<float>& to, int r, int first, int count, const float* from,
                      const weight_rounding&, Isa... isa) {
    compress_numbers(to, r, first, count, from, isa...);
}
template <class Integer>
void compress_numbers(const split_rows<Integer>& to, int r, int first, int count, const float* from,
                      const weight_rounding& how) {
    for (int i = 0; i < count; ++i) {
        const int column = first + i;
        const std::uint32_t random =
            how.stochastic
                ? rounding_word(how.seed, how.stream, how.element(r, column, to.base.width))
                : 0;
        bfloat16& base = to.base(r, column);
        if constexpr (std::is_same_v<Integer, no_remainder>) {
            base = how.stochastic ? round_stochastically<bfloat16>(from[i], random)
                                  : bfloat16(from[i]);
        } else {
            base = bfloat16(from[i]);
            const float half = half_step(base);
            to.remainder(r, column) =
                how.stochastic ? remainder_of<Integer>(from[i], float(base), half, random)
                               : remainder_of<Integer>(from[i], float(base), half);
        }
    }
}

// One row of a block whose scale is chosen already.
template <class Integer>
void compress_numbers(const split_blocks<Integer>& to, int r, int first, int count,
                      const float* from, const weight_rounding& how) {
    const float scale = to.scale[to.block(r, first)], inverse = 1 / scale;
    for (int i = 0; i < count; ++i) {
        const int column = first + i;
        const std::uint32_t random =
            how.stochastic
                ? rounding_word(how.seed, how.stream, how.element(r, column, to.base.width))
                : 0;
        e4m3& base = to.base(r, column);
        if constexpr (std::is_same_v<Integer, no_remainder>) {
            base = how.stochastic ? round_stochastically<e4m3>(from[i] * inverse, random)
                                  : e4m3(from[i] * inverse);
        } else {
            base = e4m3(from[i] * inverse);
            const float rounded = float(base) * scale, half = half_step(base, scale);
            to.remainder(r, column) = how.stochastic
                                          ? remainder_of<Integer>(from[i], rounded, half, random)
                                          : remainder_of<Integer>(from[i], rounded, half);
        }
    }
}

// Weights as they are held, from their numbers: of a start, or of a file.
template <class Integer> void hold_numbers(const split_rows<Integer>& to, rows<const float> from) {
    for (int r = 0; r < from.count; ++r)
        compress_numbers(to, r, 0, from.width, from[r], weight_rounding{});
}
template <class Integer>
void hold_numbers(const split_blocks<Integer>& to, rows<const float> from) {
    for (int row = 0; row < from.count; row += weight_block)
        for (int column = 0; column < from.width; column += weight_block) {
            const int end = smaller(row + weight_block, from.count);
            const int count = smaller(weight_block, from.width - column);
            std::uint32_t most = 0;
            for (int r = row; r < end; ++r)
                for (int i = 0; i < count; ++i)
                    most = larger(most,
                                  std::bit_cast<std::uint32_t>(from(r, column + i)) & 0x7FFFFFFFU);
            to.scale[to.block(row, column)] =
                ue8m0_scale::choose<e4m3>(std::bit_cast<float>(most)).scale;
            for (int r = row; r < end; ++r)
                compress_numbers(to, r, column, count, from[r] + column, weight_rounding{});
        }
}
// And the numbers of what is held.
template <class Held> void expand_all(rows<float> to, const Held& from) {
    for (int r = 0; r < to.count; ++r) expand_numbers(to[r], from, r, 0, to.width);
}

namespace op {

namespace detail {

// Numbers that are expanded at a time: whole groups of moments and of rounding words.
inline constexpr int expanded_columns = 512;

template <class On, class W, class G, class M, std::size_t N, class Update, class... Isa>
void update_piece(On one, const W& w, rows<G> g, const std::array<M, N>& moments, int r, int first,
                  int count, const weight_rounding& how, const Update& update, Isa... isa) {
    alignas(64) float weight[expanded_columns], moment[N][expanded_columns];
    std::array<rows<float>, N> views;
    expand_numbers(weight, w, r, first, count, isa...);
    for (std::size_t i = 0; i < N; ++i) {
        expand_numbers(moment[i], moments[i], r, first, count, isa...);
        views[i] = rows<float>(moment[i], 1, count);
    }
    update(one, rows<float>(weight, 1, count), g.part(r, 1).columns(first, count), views);
    compress_numbers(w, r, first, count, weight, how, isa...);
    for (std::size_t i = 0; i < N; ++i)
        compress_numbers(moments[i], r, first, count, moment[i], isa...);
}

// A block of weights whose scale follows from all that it holds after the update.
template <class On, class Integer, class G, class M, std::size_t N, class Update, class... Isa>
void update_block(On one, const split_blocks<Integer>& w, rows<G> g,
                  const std::array<M, N>& moments, int row, int column, const weight_rounding& how,
                  const Update& update, Isa... isa) {
    alignas(64) float weight[weight_block][weight_block], moment[N > 0 ? N : 1][weight_block];
    const int rows_of = smaller(weight_block, g.count - row);
    const int count = smaller(weight_block, g.width - column);
    std::array<rows<float>, N> views;
    for (std::size_t i = 0; i < N; ++i) views[i] = rows<float>(moment[i], 1, count);
    std::uint32_t most = 0;
    for (int r = 0; r < rows_of; ++r) {
        expand_numbers(weight[r], w, row + r, column, count, isa...);
        for (std::size_t i = 0; i < N; ++i)
            expand_numbers(moment[i], moments[i], row + r, column, count, isa...);
        update(one, rows<float>(weight[r], 1, count), g.part(row + r, 1).columns(column, count),
               views);
        for (std::size_t i = 0; i < N; ++i)
            compress_numbers(moments[i], row + r, column, count, moment[i], isa...);
        for (int i = 0; i < count; ++i)
            most = larger(most, std::bit_cast<std::uint32_t>(weight[r][i]) & 0x7FFFFFFFU);
    }
    w.scale[w.block(row, column)] = ue8m0_scale::choose<e4m3>(std::bit_cast<float>(most)).scale;
    for (int r = 0; r < rows_of; ++r)
        compress_numbers(w, row + r, column, count, weight[r], how, isa...);
}

}  // namespace detail

// w: rows<float> or split_rows    moments: rows<float> or companded_rows    all (count, width)
template <class W, class G, class M, std::size_t N, class Update>
void update_expanded(reference on, const W& w, rows<G> g, const std::array<M, N>& moments,
                     const weight_rounding& how, const Update& update) {
    for (int r = 0; r < g.count; ++r)
        for (int first = 0; first < g.width; first += detail::expanded_columns)
            detail::update_piece(on, w, g, moments, r, first,
                                 smaller(detail::expanded_columns, g.width - first), how, update);
}
// w: split_blocks, from a row on that begins a block
template <class Integer, class G, class M, std::size_t N, class Update>
void update_expanded(reference on, const split_blocks<Integer>& w, rows<G> g,
                     const std::array<M, N>& moments, const weight_rounding& how,
                     const Update& update) {
    for (int r = 0; r < g.count; r += weight_block)
        for (int i = 0; i < g.width; i += weight_block)
            detail::update_block(on, w, g, moments, r, i, how, update);
}

}  // namespace op
}  // namespace moe
