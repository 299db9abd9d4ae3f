// SPDX-License-Identifier: MIT
// adamw_step on the CPU: tiles of a panel's rows by 256 columns, updated row by row and, while they
// are in the nearest cache, written once more in the packed order. The same bits as the
// specification in float.
#pragma once

#include <moe/device/cpu.hpp>
#include <moe/op/adamw_step.hpp>

namespace moe::op {

namespace detail {

template <class Isa> struct adamw_lanes {
    using vector = lanes<Isa>;
    vector beta1, rest1, beta2, rest2, correct1, correct2, epsilon, decay, back, clip, limit;

    MOE_INLINE explicit adamw_lanes(const adamw_constants<float>& c)
        : beta1(vector::splat(c.beta1)),
          rest1(vector::splat(c.rest1)),
          beta2(vector::splat(c.beta2)),
          rest2(vector::splat(c.rest2)),
          correct1(vector::splat(c.correct1)),
          correct2(vector::splat(c.correct2)),
          epsilon(vector::splat(c.epsilon)),
          decay(vector::splat(c.decay)),
          back(vector::splat(c.back)),
          clip(vector::splat(c.clip)),
          limit(vector::splat(c.limit)) {}

    MOE_INLINE void update(vector& w, vector g, vector& m, vector& v) const {
        const vector clipped = g * clip;
        m = fma(beta1, m, rest1 * clipped);
        v = fma(beta2, v, rest2 * (clipped * clipped));
        const vector whole = m * correct1 / (sqrt(v * correct2) + epsilon);
        const vector step = max(vector::splat(0) - limit, min(limit, whole));  // keeps NaN
        w = fma(back, fma(decay, w, step), w);
    }
    template <class G> MOE_INLINE void row(float* w, G* g, float* m, float* v, int count) const {
        int i = 0;
        for (; i + lane_count <= count; i += lane_count) {
            vector wi = vector::load(w + i), mi = vector::load(m + i), vi = vector::load(v + i);
            update(wi, vector::load(g + i), mi, vi);
            wi.store(w + i);
            mi.store(m + i);
            vi.store(v + i);
            vector::splat(0.0F).store(g + i);
        }
        if (const int rest = count - i; rest > 0) {
            vector wi = vector::load_first(w + i, rest), mi = vector::load_first(m + i, rest),
                   vi = vector::load_first(v + i, rest);
            update(wi, vector::load_first(g + i, rest), mi, vi);
            wi.store_first(w + i, rest);
            mi.store_first(m + i, rest);
            vi.store_first(v + i, rest);
            vector::splat(0.0F).store_first(g + i, rest);
        }
    }
};

}  // namespace detail

template <class Isa, cpu_number G, cpu_number P>
void adamw_step(cpu_on<Isa> on, rows<float> w, rows<G> g, rows<float> m, rows<float> v,
                const adamw_numbers& numbers, weight_copies<P> copies, int matrix_rows) {
    if (w.count == 0) return;
    MOE_CHECK(matrix_rows, >, 0);
    MOE_CHECK(w.count % matrix_rows, ==, 0);
    MOE_CHECK(g.count, ==, w.count);
    MOE_CHECK(m.count, ==, w.count);
    MOE_CHECK(v.count, ==, w.count);
    constexpr int columns = detail::packed_columns;
    const detail::adamw_constants<float> constants(numbers);
    // A stack of this size passes through the caches; smaller ones may be there for the next step.
    const bool streams = std::ptrdiff_t(w.count) * w.width >= (1 << 20);
    const int panels = ceil_divide(matrix_rows, panel_width);
    const int strips = ceil_divide(w.width, columns);
    on.each(w.count / matrix_rows * panels * strips, [&](int tile) {
        const subnormals_as_zero<true> inside;
        const detail::adamw_lanes<Isa> lanewise(constants);
        const int begin = tile % strips * columns, count = smaller(columns, w.width - begin);
        const int member = tile / strips / panels, first_row = member * matrix_rows;
        const int output = tile / strips % panels * panel_width;
        for (int o = output; o < smaller(output + panel_width, matrix_rows); ++o) {
            const int r = first_row + o;
            lanewise.row(w[r] + begin, g[r] + begin, m[r] + begin, v[r] + begin, count);
        }
        detail::pack_tile<Isa>(member_of(copies, member, matrix_rows, w.width),
                               w.part(first_row, matrix_rows), output, begin, streams);
    });
}

}  // namespace moe::op
