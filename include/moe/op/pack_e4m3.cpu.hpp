// SPDX-License-Identifier: MIT
// Packing in e4m3 on the CPU, block by block; and a step of Adam whose copies are such: a second
// pass, for a scale joins rows that two tasks of the first one update.
#pragma once

#include <moe/op/adamw_step.cpu.hpp>
#include <moe/op/pack_e4m3.hpp>
#include <moe/op/quantise.cpu.hpp>

namespace moe::op {

namespace detail {

// Codes of a block in both orders. Squares of sixteen are turned over in registers.
template <class Isa>
void pack_block(weight_copies<e4m3> copies, rows<const float> w, patch p, float inverse) {
    using vector = lanes<Isa>;
    const packed_e4m3 packed{copies.packed, w.count, w.width};
    const packed_e4m3 across{copies.across, w.width, w.count};
    const vector by = vector::splat(inverse);
    const bool finite = inverse == inverse;
    const auto code_of = [&](vector x) {
        return finite ? encode_lanes<e4m3, true>(x * by) : words<Isa>::splat(e4m3::nan_code);
    };
    if (across.at)
        for (int o = p.first_row; o < p.last_row; ++o)
            sweep(p.last - p.first, [&](int j, auto n) {
                const int i = p.first + j;
                store_codes<e4m3>(&across.code(i, o), n, code_of(load<vector>(w[o] + i, n)));
            });
    if (packed.at)
        for (int i = p.first; i < p.last; i += lane_count)
            for (int o = p.first_row; o < p.last_row; o += lane_count) {
                const int inputs = smaller(lane_count, p.last - i);
                const int outputs = smaller(lane_count, p.last_row - o);
                vector square[lane_count];
                for (int r = 0; r < lane_count; ++r)
                    square[r] = r < outputs ? vector::load_first(w[o + r] + i, inputs)
                                            : vector::splat(0.0F);
                transpose(square);
                for (int r = 0; r < inputs; ++r)
                    store_codes<e4m3>(&packed.code(o, i + r), first_lanes{outputs},
                                      code_of(square[r]));
            }
}

// Of a stack of matrices: its blocks one by one.
template <class Isa>
void pack_blocks(cpu_on<Isa> on, weight_copies<e4m3> copies, rows<const float> stack,
                 int matrix_rows) {
    if ((!copies.packed && !copies.across) || stack.count == 0) return;
    const int down = ceil_divide(matrix_rows, weight_block);
    const int across = ceil_divide(stack.width, weight_block);
    on.each(stack.count / matrix_rows * down * across, [&](int task) {
        const int member = task / across / down;
        const int o = task / across % down * weight_block, i = task % across * weight_block;
        const rows<const float> w = stack.part(member * matrix_rows, matrix_rows);
        const weight_copies<e4m3> to = member_of(copies, member, matrix_rows, w.width);
        const patch p = weight_patch(o, i, w.count, w.width);
        const auto [scale, inverse] = ue8m0_scale::choose<e4m3>(amax_of(largest_bits<Isa>(w, p)));
        if (to.packed) packed_e4m3{to.packed, w.count, w.width}.scale_bits(o, i).bits = scale.bits;
        if (to.across) packed_e4m3{to.across, w.width, w.count}.scale_bits(i, o).bits = scale.bits;
        pack_block<Isa>(to, w, p, inverse);
    });
}

}  // namespace detail

template <class Isa, class M>
requires std::is_same_v < std::remove_const_t<M>,
float > void pack(cpu_on<Isa> on, weight_copies<e4m3> copies, rows<M> w) {
    detail::pack_blocks(on, copies, w, w.count);
}

template <class Isa, cpu_number G>
void adamw_step(cpu_on<Isa> on, rows<float> w, rows<G> g, rows<float> m, rows<float> v,
                const adamw_numbers& numbers, weight_copies<e4m3> copies, int matrix_rows) {
    adamw_step(on, w, g, m, v, numbers, weight_copies<bfloat16>{}, matrix_rows);
    detail::pack_blocks(on, copies, w, matrix_rows);
}

}  // namespace moe::op
