// SPDX-License-Identifier: MIT
// The order of a packed weight w (out, in) in e4m3: panels of 64 outputs, in a panel one row of
// codes for each input, as with floats (op/pack.hpp),
//     packed[panel][i][o]        (out / 64, in, 64)
// and behind all of them a scale in a byte for each block of 128 x 128 numbers,
//     scale[o / 128][i / 128]
// blocks at the edges being smaller. The copy 'across' is the packed copy of the transpose: blocks
// are square, so both hold the same numbers. With powers of two as scales every one of them is a
// bfloat16. DeepSeek-V3, section 3.3.2.
#pragma once

#include <moe/op/pack.hpp>
#include <moe/op/quantise.hpp>

namespace moe {

// With the scales.
template <> constexpr std::ptrdiff_t packed_size<e4m3>(int out, int in) {
    return std::ptrdiff_t(out) * in +
           std::ptrdiff_t(ceil_divide(out, weight_block)) * ceil_divide(in, weight_block);
}

// A packed copy, as a matrix (out, in). Byte: e4m3, or const.
template <class Byte> struct packed_e4m3 {
    Byte* at;
    int out, in;

    Byte& code(int o, int i) const { return at[packed_index<float>(o, i, out, in)]; }
    // The scale of a number's block is another format in the same bytes.
    Byte& scale_bits(int o, int i) const {
        return at[std::ptrdiff_t(out) * in +
                  std::ptrdiff_t(o / weight_block) * ceil_divide(in, weight_block) +
                  i / weight_block];
    }
    float scale(int o, int i) const { return ue8m0::from_bits(scale_bits(o, i).bits); }
    bfloat16 operator()(int o, int i) const { return bfloat16(float(code(o, i)) * scale(o, i)); }
};
template <class Byte> packed_e4m3(Byte*, int, int) -> packed_e4m3<Byte>;

inline bfloat16 weight_at(const matrix<e4m3>& w, int output, int input) {
    if (w.at) {
        const std::ptrdiff_t block =
            std::ptrdiff_t(output / weight_block) * ceil_divide(w.in, weight_block) +
            input / weight_block;
        return bfloat16(float(w.view()(output, input)) * float(ue8m0::from_bits(w.scale[block])));
    }
    return w.packed ? packed_e4m3{w.packed, w.out, w.in}(output, input)
                    : packed_e4m3{w.across, w.in, w.out}(input, output);
}

namespace op {

namespace detail {
// The block of a matrix that begins here.
constexpr patch weight_patch(int o, int i, int out, int in) {
    return {o, smaller(o + weight_block, out), i, smaller(i + weight_block, in)};
}
}  // namespace detail

template <class M> void pack(reference, weight_copies<e4m3> copies, rows<M> w) {
    for (int o = 0; o < w.count; o += weight_block)
        for (int i = 0; i < w.width; i += weight_block) {
            const detail::patch p = detail::weight_patch(o, i, w.count, w.width);
            const auto [scale, inverse] = ue8m0_scale::choose<e4m3>(detail::amax(w, p));
            const auto write = [&, scale = scale](e4m3* at, int out, int in, int first_o,
                                                  int first_i) {
                if (at) packed_e4m3{at, out, in}.scale_bits(first_o, first_i).bits = scale.bits;
            };
            write(copies.packed, w.count, w.width, o, i);
            write(copies.across, w.width, w.count, i, o);
            for (int r = p.first_row; r < p.last_row; ++r)
                for (int c = p.first; c < p.last; ++c) {
                    const e4m3 code = inverse == inverse ? e4m3(float(w(r, c)) * inverse)
                                                         : e4m3::from_bits(e4m3::nan_code);
                    if (copies.packed)
                        packed_e4m3{copies.packed, w.count, w.width}.code(r, c) = code;
                    if (copies.across)
                        packed_e4m3{copies.across, w.width, w.count}.code(c, r) = code;
                }
        }
}

}  // namespace op
}  // namespace moe

#include <moe/op/pack_e4m3.cpu.hpp>
