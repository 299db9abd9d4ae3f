// SPDX-License-Identifier: MIT
// A pointer with a shape. Views own nothing and are passed by value.
#pragma once

#include <moe/core/check.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace moe {

// A row-major matrix: 'count' rows of 'width' elements, neighbouring rows 'stride' elements apart.
template <class T> struct rows {
    T* at = nullptr;
    int count = 0, width = 0;
    std::ptrdiff_t stride = 0;

    constexpr rows() = default;
    constexpr rows(T* at, int count, int width) : rows(at, count, width, width) {}
    constexpr rows(T* at, int count, int width, std::ptrdiff_t stride)
        : at(at), count(count), width(width), stride(stride) {}

    // A view that may write is also one that may only read.
    constexpr operator rows<const T>() const requires(!std::is_const_v<T>) {
        return {at, count, width, stride};
    }

    constexpr T* operator[](int i) const { return at + i * stride; }
    constexpr T& operator()(int i, int j) const { return at[i * stride + j]; }

    // Some of the rows; some of the columns of every row.
    constexpr rows part(int first, int how_many) const {
        return {at + first * stride, how_many, width, stride};
    }
    constexpr rows columns(int first, int how_many) const {
        return {at + first, count, how_many, stride};
    }
};

// The arguments of an op: the first output decides the number type, the others follow it.
template <class T> using same = std::type_identity_t<T>;
template <class T> using input = rows<const same<T>>;
template <class T> using output = rows<same<T>>;

// Rows picked out of a matrix by an index, not copied: row i is from[index[i]]; without an index
// row i itself.
template <class T> struct picked {
    rows<const T> from;
    const int* index = nullptr;

    constexpr picked(rows<const T> from, const int* index = nullptr) : from(from), index(index) {}
    constexpr picked(rows<T> from, const int* index = nullptr) requires(!std::is_const_v<T>)
        : from(from), index(index) {}
    constexpr const T* operator[](int i) const { return from[index ? index[i] : i]; }
};

// A weight matrix as the ops read it: 'at' its rows (out, in), as the checkpoint stores it, and
// copies of the same numbers in the order that the device's GEMM reads them (op/pack.hpp): 'packed'
// is summed over in, 'across' over out. Null where the device or the precision has none. Numbers of
// a narrow master are read from its rows alone.
template <class T> struct matrix {
    const T* at = nullptr;
    const T* packed = nullptr;
    int out = 0, in = 0;
    const T* across = nullptr;
    const std::uint8_t* scale = nullptr;  // of what 'at' holds, in the precision's blocks

    constexpr rows<const T> view() const { return {at, out, in}; }
};

// Elements of a packed copy that sums over 'in': pairs of bfloat16 are filled up.
template <class T> constexpr std::ptrdiff_t packed_size(int out, int in) {
    return std::ptrdiff_t(out) * (sizeof(T) < sizeof(float) ? in + in % 2 : in);
}

// Blocks of 128 x 128 numbers of a weight: each has a scale of its own where its numbers have few
// bits.
inline constexpr int weight_block = 128;
constexpr std::ptrdiff_t scale_count(int out, int in) {
    return std::ptrdiff_t((out + weight_block - 1) / weight_block) *
           ((in + weight_block - 1) / weight_block);
}

// A stack of weight matrices of one shape, one an expert, each right behind the other.
template <class T> struct matrices {
    const T* at = nullptr;
    const T* packed = nullptr;
    int count = 0, out = 0, in = 0;
    const T* across = nullptr;
    const std::uint8_t* scale = nullptr;

    constexpr matrix<T> operator[](int i) const {
        return {at ? at + i * (std::ptrdiff_t(out) * in) : nullptr,
                packed ? packed + i * packed_size<T>(out, in) : nullptr,
                out,
                in,
                across ? across + i * packed_size<T>(in, out) : nullptr,
                scale ? scale + i * scale_count(out, in) : nullptr};
    }
};

// The packed copies of a stack of weights, to be written.
template <class T> struct weight_copies {
    T* packed = nullptr;
    T* across = nullptr;
};
// Those of one member of the stack.
template <class T>
constexpr weight_copies<T> member_of(weight_copies<T> all, int member, int out, int in) {
    return {all.packed ? all.packed + member * packed_size<T>(out, in) : nullptr,
            all.across ? all.across + member * packed_size<T>(in, out) : nullptr};
}

}  // namespace moe
