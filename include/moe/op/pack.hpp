// SPDX-License-Identifier: MIT
// The orders in which the CPU's products read a weight w (out, in). Floats: panels of 64 outputs,
// in a panel one row of 64 numbers for each input,
//     packed[panel][i][o]        (out / 64, in, 64)
// bfloat16: the same with pairs of inputs in the places of numbers,
//     packed[panel][i / 2][o][i % 2]        (out / 64, in / 2, 64, 2)
// an odd last input having zero beside it. The last panel is as narrow as the outputs that are
// left, so a packed weight has packed_size<T>(out, in) elements. The copy 'across', which the
// product for the input's gradient sums over outputs, is the packed copy of the transpose. A stack
// of weights is packed matrix by matrix. Whoever writes the weights (optimizer, checkpoint) writes
// the copies in the same pass.
#pragma once

#include <moe/core/bfloat16.hpp>
#include <moe/device/cpu.hpp>
#include <moe/device/reference.hpp>
#include <moe/device/sweep.hpp>
#include <moe/tensor/view.hpp>

#include <cstddef>
#include <cstdint>

namespace moe {

inline constexpr int panel_width = 64;

// The panel that holds an output: its first output, its width and where its words begin.
struct panel {
    int first, width;
    std::ptrdiff_t at;
};
constexpr panel panel_of(int output, int out, int words) {
    const int first = output / panel_width * panel_width;
    const int left = out - first;
    return {first, left < panel_width ? left : panel_width, std::ptrdiff_t(first) * words};
}

// Where w(output, input) stands in the packed copy of w (out, in).
template <class T = float>
constexpr std::ptrdiff_t packed_index(int output, int input, int out, int in) {
    if constexpr (sizeof(T) < sizeof(float)) {
        const panel p = panel_of(output, out, (in + 1) / 2);
        return 2 * (p.at + std::ptrdiff_t(input / 2) * p.width + (output - p.first)) + input % 2;
    } else {
        const panel p = panel_of(output, out, in);
        return p.at + std::ptrdiff_t(input) * p.width + (output - p.first);
    }
}

// The number itself, wherever the matrix holds it.
template <class T> constexpr T weight_at(const matrix<T>& w, int output, int input) {
    return w.at ? w.view()(output, input) : w.packed[packed_index<T>(output, input, w.out, w.in)];
}

namespace op {

// One matrix; copies that are null are left out.
template <class T, class M> void pack(reference, weight_copies<T> copies, rows<M> w) {
    const auto write = [](T* packed, int out, int in, const auto& number) {
        if (packed == nullptr) return;
        for (int o = 0; o < out; ++o)
            for (int i = 0; i < int(packed_size<T>(1, in)); ++i)
                packed[packed_index<T>(o, i, out, in)] = i < in ? T(number(o, i)) : T(0.0F);
    };
    write(copies.packed, w.count, w.width, [&](int o, int i) { return w(o, i); });
    write(copies.across, w.width, w.count, [&](int i, int o) { return w(o, i); });
}

namespace detail {

// Inputs [first, last) of one panel. A square of sixteen outputs and sixteen inputs is turned over
// in registers; what is left at the edges goes number by number. Streams: past the caches.
template <class Isa, bool Streams = false>
void pack_panel(float* to, rows<const float> w, panel p, int first, int last) {
    constexpr int side = lane_count;
    const auto one_by_one = [&](int output, int outputs, int input, int inputs) {
        for (int i = input; i < input + inputs; ++i)
            for (int o = output; o < output + outputs; ++o)
                to[std::ptrdiff_t(i - first) * p.width + o] = w(p.first + o, i);
    };
    for (int i = first; i < last; i += side) {
        const int inputs = smaller(last - i, side);
        for (int o = 0; o < p.width; o += side) {
            const int outputs = smaller(p.width - o, side);
            if (inputs < side || outputs < side) {
                one_by_one(o, outputs, i, inputs);
                continue;
            }
            lanes<Isa> square[side];
            for (int r = 0; r < side; ++r) square[r] = lanes<Isa>::load(w[p.first + o + r] + i);
            transpose(square);
            for (int r = 0; r < side; ++r) {
                float* const line = to + std::ptrdiff_t(i - first + r) * p.width + o;
                if constexpr (Streams)
                    square[r].stream(line);
                else
                    square[r].store(line);
            }
        }
    }
    if constexpr (Streams) lanes<Isa>::finish_streams();
}

// The tile of a weight that is packed at a time: a panel of outputs by four panels of inputs, so
// that every row of both copies is written whole.
inline constexpr int packed_columns = 4 * panel_width;

// A tile as bfloat16, rows of outputs; an odd last row or column has zeros behind it.
struct narrow_tile {
    alignas(64) bfloat16 at[panel_width * packed_columns];

    rows<bfloat16> view(int outputs, int inputs) { return {at, outputs, inputs, packed_columns}; }
};

// packed: sixteen outputs by sixteen pairs of inputs are turned over in registers.
template <class Isa> void pack_pairs(bfloat16_pair* to, int width, rows<const bfloat16> tile) {
    using vector = lanes<Isa>;
    constexpr int side = lane_count;
    for (int o = 0; o < tile.count; o += side)
        for (int i = 0; i < tile.width; i += 2 * side) {
            vector square[side];
            const int pairs = smaller(side, ceil_divide(tile.width - i, 2));
            for (int r = 0; r < side; ++r)
                square[r] =
                    o + r < tile.count
                        ? vector::load(reinterpret_cast<const bfloat16_pair*>(tile[o + r] + i))
                        : vector::splat(0.0F);
            transpose(square);
            for (int r = 0; r < pairs; ++r) {
                bfloat16_pair* const row = to + std::ptrdiff_t(i / 2 + r) * width + o;
                if (o + side <= tile.count)
                    square[r].store(row);
                else
                    square[r].store_first(row, tile.count - o);
            }
        }
}
// across: pairs of outputs, one row of the tile beside the next.
template <class Isa>
void pack_pairs_across(bfloat16* across, rows<const bfloat16> tile, int first_output,
                       int first_input, int out, int in) {
    using vector = lanes<Isa>;
    auto* const all = reinterpret_cast<bfloat16_pair*>(across);
    for (int i = 0; i < tile.width; i += panel_width) {
        const panel p = panel_of(first_input + i, in, ceil_divide(out, 2));
        for (int o = 0; o < tile.count; o += 2) {
            bfloat16_pair* const row =
                all + p.at + std::ptrdiff_t((first_output + o) / 2) * p.width;
            sweep(p.width, [&](int j, auto n) {
                const vector even = load<vector>(tile[o] + i + j, n);
                const vector odd =
                    o + 1 < tile.count ? load<vector>(tile[o + 1] + i + j, n) : vector::splat(0.0F);
                store(row + j, n, paired(even, odd));
            });
        }
    }
}

// One tile of one matrix (w: all of it), from 'first_output' and 'first_input' on. Where the copies
// are so large that they leave the caches before they are read, they are streamed past them.
template <class Isa>
void pack_tile(weight_copies<float> copies, rows<const float> w, int first_output, int first_input,
               bool streams = false) {
    const panel p = panel_of(first_output, w.count, w.width);
    const int last = smaller(first_input + packed_columns, w.width);
    if (copies.packed) {
        float* const to = copies.packed + p.at + std::ptrdiff_t(first_input) * p.width;
        const bool whole_lines = p.width == panel_width && std::uintptr_t(to) % 64 == 0;
        if (streams && whole_lines)
            pack_panel<Isa, true>(to, w, p, first_input, last);
        else
            pack_panel<Isa>(to, w, p, first_input, last);
    }
    if (copies.across)
        for (int o = first_output; o < first_output + p.width; ++o)
            for (int i = first_input; i < last; ++i)
                copies.across[packed_index(i, o, w.width, w.count)] = w(o, i);
}
template <class Isa>
void pack_tile(weight_copies<bfloat16> copies, rows<const float> w, int first_output,
               int first_input, bool /*streams*/ = false) {
    using vector = lanes<Isa>;
    if (!copies.packed && !copies.across) return;
    narrow_tile memory;
    const panel p = panel_of(first_output, w.count, ceil_divide(w.width, 2));
    const int inputs = smaller(packed_columns, w.width - first_input);
    const rows<bfloat16> tile = memory.view(p.width, inputs);
    for (int o = 0; o < p.width; ++o) {
        const float* const from = w[first_output + o] + first_input;
        sweep(inputs, [&](int j, auto n) { store(tile[o] + j, n, load<vector>(from + j, n)); });
        // What the last vector of pairs reads behind the row.
        for (int j = inputs; j < smaller(round_up(inputs, 2 * lane_count), packed_columns); ++j)
            tile(o, j) = bfloat16(0.0F);
    }
    if (copies.packed)
        pack_pairs<Isa>(reinterpret_cast<bfloat16_pair*>(copies.packed) + p.at +
                            std::ptrdiff_t(first_input / 2) * p.width,
                        p.width, tile);
    if (copies.across)
        pack_pairs_across<Isa>(copies.across, tile, first_output, first_input, w.count, w.width);
}

}  // namespace detail

template <class Isa, class T, class M>
requires std::is_same_v < std::remove_const_t<M>,
float > void pack(cpu_on<Isa> on, weight_copies<T> copies, rows<M> w) {
    const int down = ceil_divide(w.count, panel_width);
    const int across = ceil_divide(w.width, detail::packed_columns);
    on.each(down * across, [&](int i) {
        detail::pack_tile<Isa>(copies, w, i / across * panel_width,
                               i % across * detail::packed_columns);
    });
}

}  // namespace op
}  // namespace moe
