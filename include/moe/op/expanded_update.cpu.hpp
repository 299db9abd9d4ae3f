// SPDX-License-Identifier: MIT
// expanded_update on the CPU: each piece is expanded, updated and compressed while it is in the
// nearest cache. The same bits as the specification.
#pragma once

#include <moe/device/cpu.hpp>
#include <moe/op/expanded_update.hpp>
#include <moe/precision/companding.cpu.hpp>
#include <moe/precision/rounding_words.cpu.hpp>

namespace moe {

namespace detail {
// some(i, n, words) for sixteen of 'count' numbers after the other, from this element of the tensor
// on; words: null where numbers are rounded to the nearest.
template <class Isa, class Some>
void with_words(const weight_rounding& how, std::uint64_t element, int count, const Some& some) {
    const words<Isa>* const none = nullptr;
    if (!how.stochastic) return moe::sweep(count, [&](int i, auto n) { some(i, n, none); });
    for (int block = 0; block < count; block += 64) {
        const rounding_block<Isa> random(how.seed, how.stream,
                                         (element + std::uint64_t(block)) / 64);
        moe::sweep(smaller(64, count - block),
                   [&](int i, auto n) { some(block + i, n, &random.of[i / lane_count]); });
    }
}
}  // namespace detail

template <class Integer, instruction_set Isa>
void expand_numbers(float* to, const split_rows<Integer>& from, int r, int first, int count, Isa) {
    using v = lanes<Isa>;
    sweep(count, [&](int i, auto n) {
        const v base = load<v>(from.base[r] + first + i, n);
        if constexpr (std::is_same_v<Integer, no_remainder>)
            store(to + i, n, base);
        else
            store(to + i, n,
                  with_remainder_lanes<Integer>(
                      base, half_step_lanes(base),
                      detail::load_integers<Integer, Isa>(from.remainder[r] + first + i, n)));
    });
}

template <class Integer, instruction_set Isa>
void compress_numbers(const split_rows<Integer>& to, int r, int first, int count, const float* from,
                      const weight_rounding& how, Isa) {
    using v = lanes<Isa>;
    using w = words<Isa>;
    // Sixteen numbers from column i on, with their words if they are rounded stochastically.
    const auto some = [&](int i, auto n, const w* random) {
        const v weight = load<v>(from + i, n);
        bfloat16* const at = to.base[r] + first + i;
        if constexpr (std::is_same_v<Integer, no_remainder>) {
            store_codes<bfloat16>(at, n,
                                  random ? encode_stochastically<bfloat16>(weight, *random)
                                         : encode_lanes<bfloat16>(weight));
        } else {
            const w code = encode_lanes<bfloat16>(weight);
            store_codes<bfloat16>(at, n, code);
            const v base = decode_lanes<bfloat16>(code), half = half_step_lanes(base);
            detail::store_integers(to.remainder[r] + first + i, n,
                                   random ? remainder_lanes<Integer>(weight, base, half, *random)
                                          : remainder_lanes<Integer>(weight, base, half));
        }
    };
    detail::with_words<Isa>(how, how.element(r, first, to.base.width), count, some);
}

template <class Integer, instruction_set Isa>
void expand_numbers(float* to, const split_blocks<Integer>& from, int r, int first, int count,
                    Isa) {
    using v = lanes<Isa>;
    MOE_CHECK(first / weight_block, ==, (first + count - 1) / weight_block);
    const v scale = v::splat(float(from.scale[from.block(r, first)]));
    sweep(count, [&](int i, auto n) {
        const words<Isa> code = load_codes<e4m3, Isa>(from.base[r] + first + i, n);
        const v base = decode_lanes<e4m3>(code) * scale;
        if constexpr (std::is_same_v<Integer, no_remainder>)
            store(to + i, n, base);
        else
            store(to + i, n,
                  with_remainder_lanes<Integer>(
                      base, half_step_lanes(code, scale),
                      detail::load_integers<Integer, Isa>(from.remainder[r] + first + i, n)));
    });
}

template <class Integer, instruction_set Isa>
void compress_numbers(const split_blocks<Integer>& to, int r, int first, int count,
                      const float* from, const weight_rounding& how, Isa) {
    using v = lanes<Isa>;
    using w = words<Isa>;
    const float power = to.scale[to.block(r, first)];
    const v scale = v::splat(power), inverse = v::splat(1 / power);
    const auto some = [&](int i, auto n, const w* random) {
        const v weight = load<v>(from + i, n);
        const bool all = std::is_same_v<Integer, no_remainder>;
        const w code = all && random ? encode_stochastically<e4m3>(weight * inverse, *random)
                                     : encode_lanes<e4m3>(weight * inverse);
        store_codes<e4m3>(to.base[r] + first + i, n, code);
        if constexpr (!std::is_same_v<Integer, no_remainder>) {
            const v base = decode_lanes<e4m3>(code) * scale, half = half_step_lanes(code, scale);
            detail::store_integers(to.remainder[r] + first + i, n,
                                   random ? remainder_lanes<Integer>(weight, base, half, *random)
                                          : remainder_lanes<Integer>(weight, base, half));
        }
    };
    detail::with_words<Isa>(how, how.element(r, first, to.base.width), count, some);
}

namespace op {

template <class Isa, class W, class G, class M, std::size_t N, class Update>
void update_expanded(cpu_on<Isa> on, const W& w, rows<G> g, const std::array<M, N>& moments,
                     const weight_rounding& how, const Update& update) {
    constexpr int columns = detail::expanded_columns;
    const int across = ceil_divide(g.width, columns);
    pool alone(1);
    const cpu_on<Isa> one{&alone};
    on.each(g.count * across, [&](int piece) {
        const int first = piece % across * columns;
        detail::update_piece(one, w, g, moments, piece / across, first,
                             smaller(columns, g.width - first), how, update, Isa{});
    });
}

template <class Isa, class Integer, class G, class M, std::size_t N, class Update>
void update_expanded(cpu_on<Isa> on, const split_blocks<Integer>& w, rows<G> g,
                     const std::array<M, N>& moments, const weight_rounding& how,
                     const Update& update) {
    const int across = ceil_divide(g.width, weight_block);
    pool alone(1);
    const cpu_on<Isa> one{&alone};
    on.each(ceil_divide(g.count, weight_block) * across, [&](int block) {
        detail::update_block(one, w, g, moments, block / across * weight_block,
                             block % across * weight_block, how, update, Isa{});
    });
}

}  // namespace op
}  // namespace moe
