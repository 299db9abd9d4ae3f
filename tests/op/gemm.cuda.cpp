// SPDX-License-Identifier: MIT
#include "tests/support/kernels.hpp"
#include "tests/support/random.hpp"

#include <moe/core/bfloat16.hpp>
#include <moe/op/gemm.cuda.hpp>

#include <cmath>

namespace {

using namespace moe;

// Rows of bf16 as the kernel wants them: at multiples of 16 bytes, NaN between them.
struct operand {
    std::ptrdiff_t stride;
    std::vector<std::uint16_t> at;

    operand(int rows, int width, std::uint64_t seed)
        : stride(round_up(width, 16) + 16), at(std::size_t(rows * stride), 0x7FFF) {
        for (int i = 0; i < rows; ++i)
            for (int j = 0; j < width; ++j)
                at[std::size_t(i * stride + j)] =
                    bfloat16(random_normal(seed, std::uint64_t(i), std::uint64_t(j))).bits;
    }
    double operator()(int i, int j) const {
        return bfloat16::from_bits(at[std::size_t(i * stride + j)]);
    }
};

template <class Tile> emulator::report agrees(int rows, int columns, int width) {
    using kernel = op::gemm_kernel<Tile>;
    CAPTURE(rows);
    CAPTURE(columns);
    CAPTURE(width);
    const operand x(rows, width, 1), w(columns, width, 2);
    const std::ptrdiff_t stride = round_up(columns, 8) + 8;
    std::vector<float> y(std::size_t(rows * stride));
    const auto told = test::every_schedule(
        [&](const emulator::options& how) {
            std::fill(y.begin(), y.end(), test::poison<float>());
            emulator::memory buffers;
            buffers.input("x", x.at.data(), x.at.size()).input("w", w.at.data(), w.at.size());
            buffers.output("y", y.data(), y.size());
            const typename kernel::parameters p{y.data(), x.at.data(), w.at.data(),
                                                rows,     columns,     width,
                                                stride,   x.stride,    w.stride};
            REQUIRE(kernel::fits(p));
            return emulator::launch<kernel, sm80>({kernel::blocks_x(p), kernel::blocks_y(p)}, p,
                                                  buffers, how);
        },
        [&] { return y; });

    for (int i = 0; i < rows; ++i) {
        for (int j = 0; j < columns; ++j) {
            double sum = 0, size = 0;
            for (int k = 0; k < width; ++k)
                sum += x(i, k) * w(j, k), size += std::abs(x(i, k) * w(j, k));
            // Every eight products: nine summands cut below 2^-24 of the largest, one result cut.
            const double off = (round_up(width, 8) / 8) * (9 * 0x1p-24 + 0x1p-23) * size;
            const float got = y[std::size_t(i * stride + j)];
            if (!(std::abs(got - sum) <= off)) CHECK(got == sum);
        }
        for (std::ptrdiff_t j = columns; j < stride; ++j)
            CHECK(test::same_bits(y[std::size_t(i * stride + j)], test::poison<float>()));
    }
    CHECK(told.shared().wavefronts == told.shared().fewest);  // no bank conflict
    return told;
}

TEST_CASE("the product on Ampere agrees with double on ragged shapes, under every schedule") {
    agrees<op::gemm_tile<32, 32, 32, 3, 2, 1>>(32, 32, 160);  // more steps than stages
    agrees<op::gemm_tile<32, 32, 32, 3, 2, 1>>(33, 47, 100);
    agrees<op::gemm_tile<32, 32, 32, 4, 1, 2>>(1, 1, 1);
    agrees<op::gemm_tile<32, 64, 64, 2, 2, 2>>(40, 65, 72);
    agrees<op::gemm_tile<64, 64, 32, 4, 2, 2>>(70, 64, 33);
}

TEST_CASE("a product over nothing is zero") { agrees<op::gemm_tile<32, 32, 32, 3, 2, 1>>(5, 6, 0); }

TEST_CASE("the tile for large products, one block") {
    const auto told = agrees<op::gemm_tile<128, 128, 32, 4, 2, 4>>(128, 128, 64);
    CHECK(told.global().sectors == told.global().fewest);  // whole sectors
}

}  // namespace
