// SPDX-License-Identifier: MIT
// Operands and results of the products on tensor cores.
#pragma once

#include <moe/core/bfloat16.hpp>
#include <moe/core/math.hpp>
#include <moe/core/random.hpp>
#include <moe/op/gemm_tile.cuda.hpp>

#include <bit>
#include <vector>

namespace test {

// Rows of bf16 as the kernel wants them: at multiples of 16 bytes, NaN between them.
struct bf16_matrix {
    std::ptrdiff_t stride;
    std::vector<std::uint16_t> at;

    bf16_matrix(int rows, int width, std::uint64_t seed)
        : stride(moe::round_up(width, 16) + 16), at(std::size_t(rows * stride), 0x7FFF) {
        for (int i = 0; i < rows; ++i)
            for (int j = 0; j < width; ++j)
                at[std::size_t(i * stride + j)] =
                    moe::bfloat16(moe::random_normal(seed, std::uint64_t(i), std::uint64_t(j)))
                        .bits;
    }
    moe::op::bf16_rows view() const { return {at.data(), stride}; }
    double operator()(int i, int j) const {
        return moe::bfloat16::from_bits(at[std::size_t(i * stride + j)]);
    }
};

// How far a sum of 'width' products may be off on Ampere; 'size': the sum of their sizes. Every
// eight products: nine summands cut below 2^-24 of the largest, one result cut.
inline double bf16_product_error(int width, double size) {
    return (moe::round_up(width, 8) / 8) * (9 * 0x1p-24 + 0x1p-23) * size;
}

// A result that nobody wrote yet; the value of one.
template <class Number> Number no_number() {
    if constexpr (sizeof(Number) == 2)
        return 0x7FAD;
    else
        return std::bit_cast<float>(0x7FC0DEADU);
}
inline double number_of(float x) { return x; }
inline double number_of(std::uint16_t bits) { return moe::bfloat16::from_bits(bits); }

}  // namespace test
