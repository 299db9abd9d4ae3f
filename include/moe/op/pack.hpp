// SPDX-License-Identifier: MIT
// The order in which the CPU's forward product reads a weight w (out, in): panels of 64 outputs,
// in a panel one row of 64 numbers for each input,
//     packed[panel][i][o]        (out / 64, in, 64)
// The last panel is as narrow as the outputs that are left, so a packed weight has exactly out * in
// elements. A stack of weights is packed matrix by matrix. Whoever writes the weights (optimizer,
// checkpoint) writes the packed copy in the same pass: packed_index says where, pack_panel does it.
#pragma once

#include <moe/device/cpu.hpp>
#include <moe/device/reference.hpp>
#include <moe/tensor/view.hpp>

#include <cstddef>

namespace moe {

inline constexpr int panel_width = 64;

// The panel that holds an output: its first output, its width and where its numbers begin.
struct panel {
    int first, width;
    std::ptrdiff_t at;
};
constexpr panel panel_of(int output, int out, int in) {
    const int first = output / panel_width * panel_width;
    const int left = out - first;
    return {first, left < panel_width ? left : panel_width, std::ptrdiff_t(first) * in};
}

// Where w(output, input) stands in the packed copy of w (out, in).
constexpr std::ptrdiff_t packed_index(int output, int input, int out, int in) {
    const panel p = panel_of(output, out, in);
    return p.at + std::ptrdiff_t(input) * p.width + (output - p.first);
}

namespace op {

template <class T> void pack(reference, T* packed, input<T> w) {
    for (int o = 0; o < w.count; ++o)
        for (int i = 0; i < w.width; ++i) packed[packed_index(o, i, w.count, w.width)] = w(o, i);
}

namespace detail {
// Inputs [first, last) of one panel. A square of sixteen outputs and sixteen inputs is turned over
// in registers; what is left at the edges goes number by number.
template <class Isa> void pack_panel(float* to, rows<const float> w, panel p, int first, int last) {
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
            for (int r = 0; r < side; ++r)
                square[r].store(to + std::ptrdiff_t(i - first + r) * p.width + o);
        }
    }
}
}  // namespace detail

template <class Isa> void pack(cpu_on<Isa> on, float* packed, rows<const float> w) {
    const int panels = ceil_divide(w.count, panel_width);
    on.each(panels, [&](int i) {
        const panel p = panel_of(i * panel_width, w.count, w.width);
        detail::pack_panel<Isa>(packed + p.at, w, p, 0, w.width);
    });
}

}  // namespace op
}  // namespace moe
