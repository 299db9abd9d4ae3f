// SPDX-License-Identifier: MIT
// Rotary positions: the pair (x[2i], x[2i+1]) turns by position x base^(-2i/dim).
// Interleaved pairs, as DeepSeek has them. Su et al., "RoFormer", 2021. For texts longer than those
// trained on, YaRN (Peng et al., 2023, section 3) slows the turning of the slow pairs.
#pragma once

#include <moe/core/bfloat16.hpp>
#include <moe/device/reference.hpp>
#include <moe/tensor/view.hpp>

#include <cmath>

namespace moe {

// The numbers of YaRN; a factor of 1 is none at all. The meaning of each is that of 'rope_scaling'
// in a DeepSeek-V3 configuration, which has {40, 32, 1, 4096, 1, 1}. An mscale of 0 counts as not
// given.
struct yarn {
    double factor = 1;                     // longest text / original_length
    double beta_fast = 32, beta_slow = 1;  // turns within original_length: above stays, below slows
    int original_length = 4096;
    double mscale = 0, mscale_all_dim = 0;

    constexpr void each(auto visit) const {
        visit("factor", factor);
        visit("beta_fast", beta_fast);
        visit("beta_slow", beta_slow);
        visit("original_length", original_length);
        visit("mscale", mscale);
        visit("mscale_all_dim", mscale_all_dim);
    }
    // Multiplies the table's cosines and sines.
    double table_factor() const {
        if (mscale == 0 || mscale_all_dim == 0) return growth(1);
        return growth(mscale) / growth(mscale_all_dim);
    }
    // Multiplies the softmax scale 1/sqrt(key_dim).
    double softmax_factor() const {
        return mscale_all_dim == 0 ? 1 : growth(mscale_all_dim) * growth(mscale_all_dim);
    }

private:
    double growth(double by) const { return factor <= 1 ? 1 : 0.1 * by * std::log(factor) + 1; }
};

}  // namespace moe

namespace moe::op {

// cos and sin, ready for use.
template <class T> struct rotary {
    const T* table = nullptr;  // (positions, dim / 2, 2): cos, sin
    int dim = 0;
};

// Where the rotated columns lie: those of head h begin at h * stride + first.
struct head_columns {
    int heads = 0, stride = 0, first = 0;
};

// How fast pair i turns, in radians a position.
inline double rope_frequency(int i, int dim, double base, const yarn& scaling) {
    const double plain = std::pow(base, -2.0 * i / dim);
    if (scaling.factor <= 1) return plain;
    // The pair (as a real number) that makes 'turns' turns within the original length.
    const auto pair_of = [&](double turns) {
        const double tau = 6.283185307179586;
        return dim * std::log(scaling.original_length / (turns * tau)) / (2 * std::log(base));
    };
    const double low = std::fmax(std::floor(pair_of(scaling.beta_fast)), 0);
    double high = std::fmin(std::ceil(pair_of(scaling.beta_slow)), dim - 1);
    if (low == high) high += 0.001;
    const double slowed = std::fmin(std::fmax((i - low) / (high - low), 0), 1);
    return plain / scaling.factor * slowed + plain * (1 - slowed);
}

// Fills table (positions, dim / 2, 2). Computed in double and rounded once.
template <class T>
void rope_table(T* table, int positions, int dim, double base, const yarn& scaling = {}) {
    MOE_CHECK(dim % 2, ==, 0);
    const double factor = scaling.table_factor();
    for (int i = 0; i < dim / 2; ++i) {
        const double frequency = rope_frequency(i, dim, base, scaling);
        for (int p = 0; p < positions; ++p) {
            T* pair = table + (std::ptrdiff_t(p) * (dim / 2) + i) * 2;
            pair[0] = T(std::cos(p * frequency) * factor);
            pair[1] = T(std::sin(p * frequency) * factor);
        }
    }
}

}  // namespace moe::op

namespace moe::op::detail {

template <class T> void check_rotation(rows<T> x, head_columns where, rotary<wide<T>> turn) {
    MOE_CHECK(turn.dim % 2, ==, 0);
    if (where.heads <= 0) return;
    MOE_CHECK(where.first, >=, 0);
    MOE_CHECK((where.heads - 1) * where.stride + where.first + turn.dim, <=, x.width);
}

// direction 1: forward; -1: back, the transpose of the rotation
template <class T>
void rotate(rows<T> x, head_columns where, rotary<wide<T>> turn, int length, int position,
            wide<T> direction) {
    check_rotation(x, where, turn);
    for (int t = 0; t < x.count; ++t) {
        const wide<T>* row = turn.table + std::ptrdiff_t(position + t % length) * turn.dim;
        for (int h = 0; h < where.heads; ++h)
            for (int j = 0; j < turn.dim; j += 2) {
                T* pair = x[t] + h * where.stride + where.first + j;
                const wide<T> c = row[j], s = direction * row[j + 1], even = pair[0], odd = pair[1];
                pair[0] = T(std::fma(odd, -s, even * c));
                pair[1] = T(std::fma(even, s, odd * c));
            }
    }
}

}  // namespace moe::op::detail

namespace moe::op {

// In place. Row t sits at position + t % length.
template <class T>
void rope(reference, rows<T> x, head_columns where, rotary<wide<T>> turn, int length,
          int position) {
    detail::rotate<T>(x, where, turn, length, position, 1);
}
template <class T>
void rope_backward(reference, rows<T> dx, head_columns where, rotary<wide<T>> turn, int length,
                   int position) {
    detail::rotate<T>(dx, where, turn, length, position, -1);
}

}  // namespace moe::op
