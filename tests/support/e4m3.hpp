// SPDX-License-Identifier: MIT
// Operands in e4m3 for tests: made by the library, and rounded by plain definitions.
#pragma once

#include "tests/support/random.hpp"

#include <moe/op/e4m3_rows.hpp>
#include <moe/op/pack_e4m3.hpp>

#include <algorithm>
#include <vector>

namespace test {

// x in tiles of 'down' rows and 'along' columns: the nearest codes times 2^ceil(log2(amax / 448)).
template <class T> guarded<double> rounded_in(rows<const T> x, int down, int along) {
    guarded<double> y(x.count, x.width);
    for (int i = 0; i < x.count; i += down)
        for (int j = 0; j < x.width; j += along) {
            const int rows_end = std::min(i + down, x.count);
            const int end = std::min(j + along, x.width);
            double amax = 1e-30;
            for (int r = i; r < rows_end; ++r)
                for (int c = j; c < end; ++c) amax = std::max(amax, std::abs(double(x(r, c))));
            const double scale = std::exp2(std::ceil(std::log2(amax / 448)));
            for (int r = i; r < rows_end; ++r)
                for (int c = j; c < end; ++c)
                    y(r, c) = scale * double(float(moe::e4m3(float(double(x(r, c)) / scale))));
        }
    return y;
}
template <class T> guarded<double> rounded_along(rows<T> x) {
    return rounded_in<std::remove_const_t<T>>(x, 1, 128);
}
template <class T> guarded<double> rounded_down(rows<T> x) {
    return rounded_in<std::remove_const_t<T>>(x, 128, 1);
}

// Normal numbers over many binades: tiles have different scales, and small numbers lose bits.
template <class T> guarded<T> spread_rows(int count, int width, std::uint64_t seed) {
    auto x = random_rows<T>(count, width, seed);
    for (int i = 0; i < count; ++i)
        for (int j = 0; j < width; ++j) {
            const auto at = std::uint64_t(i) << 32 | unsigned(j);
            x(i, j) = T(float(x(i, j)) * std::exp2(3 * moe::random_normal(seed, 1, at)));
        }
    return x;
}

// A weight in both packed copies, and its master.
struct e4m3_weight {
    guarded<float> master;
    std::vector<moe::e4m3> packed, across;
    guarded<double> rounded;

    e4m3_weight(int out, int in, std::uint64_t seed)
        : master(spread_rows<float>(out, in, seed)),
          packed(std::size_t(moe::packed_size<moe::e4m3>(out, in)) + 16),
          across(std::size_t(moe::packed_size<moe::e4m3>(in, out)) + 16),
          rounded(rounded_in<float>(master.view(), 128, 128)) {
        moe::op::pack(moe::reference{}, {packed.data(), across.data()}, master.view());
    }
    moe::matrix<moe::e4m3> view(bool with_across = true) const {
        const auto w = master.view();
        return {nullptr, packed.data(), w.count, w.width, with_across ? across.data() : nullptr};
    }
    double number(int o, int i) const { return rounded(o, i); }
};

// The three products of a linear layer, each operand rounded by itself and then a double loop.
struct e4m3_products {
    guarded<double> y, dx, dw;

    template <class G>
    e4m3_products(rows<const moe::bfloat16> x, rows<const moe::bfloat16> dy, const e4m3_weight& w,
                  rows<const G> before)
        : y(x.count, dy.width), dx(x.count, x.width), dw(dy.width, x.width) {
        const auto xr = rounded_along(x), dyr = rounded_along(dy);
        const auto xd = rounded_down(xr.view()), dyd = rounded_down(dy);
        for (int t = 0; t < x.count; ++t) {
            for (int o = 0; o < dy.width; ++o) {
                y(t, o) = 0;
                for (int i = 0; i < x.width; ++i) y(t, o) += xr(t, i) * w.number(o, i);
            }
            for (int i = 0; i < x.width; ++i) {
                dx(t, i) = 0;
                for (int o = 0; o < dy.width; ++o) dx(t, i) += dyr(t, o) * w.number(o, i);
            }
        }
        for (int o = 0; o < dy.width; ++o)
            for (int i = 0; i < x.width; ++i) {
                dw(o, i) = before(o, i);
                for (int t = 0; t < x.count; ++t) dw(o, i) += dyd(t, o) * xd(t, i);
            }
    }
};

// Rows quantised as layers keep them.
template <class Format = moe::e4m3, int Tile = 128> struct kept_rows {
    using scaling = moe::tiles<1, Tile, moe::ue8m0_scale>;
    int count, width;
    std::vector<moe::stored<Format>> code;
    std::vector<moe::ue8m0> scale;

    explicit kept_rows(rows<const moe::bfloat16> x)
        : count(x.count),
          width(x.width),
          code(std::size_t(count * moe::elements_of<Format>(width)) + 16),
          scale(std::size_t(scaling::scales(count, width)) + 1) {
        moe::op::quantise(moe::reference{}, writable(), x);
    }
    moe::quantised<Format, scaling> writable() {
        const int elements = moe::elements_of<Format>(width);
        return {{code.data(), count, elements}, scale.data(), width};
    }
    moe::quantised<const Format, scaling> view() {
        return moe::quantised<const Format, scaling>(writable());
    }
};
using activation_codes = kept_rows<>;

}  // namespace test
