// SPDX-License-Identifier: MIT
// Test data: matrices with guard zones around and between their rows, poisoned until somebody
// writes, filled from a seed; and how far two of them are apart.
#pragma once

#include <moe/core/bfloat16.hpp>
#include <moe/core/random.hpp>
#include <moe/tensor/view.hpp>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace test {

using moe::rows;

// A quiet NaN with a mark: what reads it spreads it, and what overwrites it is noticed.
template <class T> T poison() {
    if constexpr (sizeof(T) == 1)  // as e4m3 no number
        return std::bit_cast<T>(std::uint8_t{0x7F});
    else if constexpr (sizeof(T) == 2)
        return std::bit_cast<T>(std::uint16_t{0x7FDE});
    else if constexpr (sizeof(T) == 4)
        return std::bit_cast<T>(std::uint32_t{0x7FC0DEADU});
    else
        return std::bit_cast<T>(std::uint64_t{0x7FF8DEADDEADDEADU});
}

template <class T> bool same_bits(T a, T b) { return std::memcmp(&a, &b, sizeof a) == 0; }

// Owns count x width numbers in rows that are width + gap apart, all poison at first.
template <class T> class guarded {
public:
    guarded(int count, int width, int gap = 3)
        : count_(count),
          width_(width),
          stride_(width + gap),
          memory_(std::size_t(2 * zone + std::ptrdiff_t(count) * stride_), poison<T>()) {}

    rows<T> view() { return {memory_.data() + zone, count_, width_, stride_}; }
    rows<const T> view() const { return {memory_.data() + zone, count_, width_, stride_}; }
    operator rows<T>() { return view(); }
    operator rows<const T>() const { return view(); }
    T* data() { return memory_.data() + zone; }
    const T* data() const { return memory_.data() + zone; }
    T* operator[](int i) { return view()[i]; }
    T& operator()(int i, int j) { return view()(i, j); }
    const T& operator()(int i, int j) const { return view()(i, j); }

    // Nothing was written before, behind or between the rows.
    bool intact() const {
        for (std::size_t at = 0; at < memory_.size(); ++at) {
            const std::ptrdiff_t inside = std::ptrdiff_t(at) - zone;
            const bool ours = inside >= 0 && inside < count_ * stride_ && inside % stride_ < width_;
            if (!ours && !same_bits(memory_[at], poison<T>())) return false;
        }
        return true;
    }

private:
    static constexpr std::ptrdiff_t zone = 64;
    int count_, width_;
    std::ptrdiff_t stride_;
    std::vector<T> memory_;
};

template <class T> void fill(rows<T> x, T value) {
    for (int i = 0; i < x.count; ++i)
        for (int j = 0; j < x.width; ++j) x(i, j) = value;
}
// Normal numbers; the same for every number type.
template <class T> void fill_random(rows<T> x, std::uint64_t seed, double deviation = 1) {
    for (int i = 0; i < x.count; ++i)
        for (int j = 0; j < x.width; ++j)
            x(i, j) = T(moe::wide<T>(
                deviation * moe::random_normal(seed, 0, std::uint64_t(i) << 32 | unsigned(j))));
}
template <class T>
guarded<T> random_rows(int count, int width, std::uint64_t seed, double deviation = 1) {
    guarded<T> x(count, width);
    fill_random(x.view(), seed, deviation);
    return x;
}

// A small number in [low, high] for shape number 'index' of a sweep.
inline int random_size(int low, int high, std::uint64_t seed, std::uint64_t index) {
    return low + int(moe::random_below(std::uint64_t(high - low + 1), seed, 1, index));
}

template <class T, class From> void copy(rows<T> into, rows<From> from) {
    for (int i = 0; i < into.count; ++i)
        for (int j = 0; j < into.width; ++j) into(i, j) = from(i, j);
}

template <class T> bool same_bits(rows<const T> a, moe::input<T> b) {
    if (a.count != b.count || a.width != b.width) return false;
    for (int i = 0; i < a.count; ++i)
        if (a.width > 0 && std::memcmp(a[i], b[i], std::size_t(a.width) * sizeof(T)) != 0)
            return false;
    return true;
}
template <class T> bool same_bits(const guarded<T>& a, const guarded<T>& b) {
    return same_bits<T>(a.view(), b.view());
}

template <class T> bool all_finite(rows<const T> a) {
    for (int i = 0; i < a.count; ++i)
        for (int j = 0; j < a.width; ++j)
            if (!std::isfinite(double(a(i, j)))) return false;
    return true;
}
template <class T> bool all_finite(const guarded<T>& a) { return all_finite<T>(a.view()); }

template <class A, class B> double inner_product(rows<A> a, rows<B> b) {
    double sum = 0;
    for (int i = 0; i < a.count; ++i)
        for (int j = 0; j < a.width; ++j) sum += double(a(i, j)) * double(b(i, j));
    return sum;
}

// ||a - b||
template <class A, class B> double distance(rows<A> a, rows<B> b) {
    double squares = 0;
    for (int i = 0; i < b.count; ++i)
        for (int j = 0; j < b.width; ++j) {
            const double d = double(a(i, j)) - double(b(i, j));
            squares += d * d;
        }
    return std::sqrt(squares);
}

// ||got - expected|| / ||expected||; NaN wherever 'got' has one, so that a comparison fails.
template <class A, class B> double relative_error(rows<A> got, rows<B> expected) {
    const double apart = distance(got, expected);
    const double size = std::sqrt(inner_product(expected, expected));
    return apart == 0 ? 0 : apart / std::fmax(size, 1e-300);
}
template <class A, class B>
double relative_error(const guarded<A>& got, const guarded<B>& expected) {
    return relative_error(got.view(), expected.view());
}

}  // namespace test
