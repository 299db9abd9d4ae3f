// SPDX-License-Identifier: MIT
#include "tests/support/bf16_matrix.hpp"
#include "tests/support/kernels.hpp"
#include "tests/support/random.hpp"

#include <moe/op/gemm.cuda.hpp>

#include <cmath>

namespace {

using namespace moe;

// Number: of y
template <class Tile, class Number = float>
emulator::report agrees(int rows, int columns, int width) {
    using kernel = op::gemm_kernel<Tile, Number>;
    CAPTURE(rows);
    CAPTURE(columns);
    CAPTURE(width);
    const test::bf16_matrix x(rows, width, 1), w(columns, width, 2);
    const std::ptrdiff_t stride = round_up(columns, 8) + 8;
    std::vector<Number> y(std::size_t(rows * stride));
    const auto told = test::every_schedule(
        [&](const emulator::options& how) {
            std::fill(y.begin(), y.end(), test::no_number<Number>());
            emulator::memory buffers;
            buffers.input("x", x.at.data(), x.at.size()).input("w", w.at.data(), w.at.size());
            buffers.output("y", y.data(), y.size());
            const typename kernel::parameters p{y.data(), x.view(), w.view(), rows,
                                                columns,  width,    stride};
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
            const double off = test::bf16_product_error(width, size) +
                               (sizeof(Number) == 2 ? 0x1p-8 * std::abs(sum) : 0);
            const double got = test::number_of(y[std::size_t(i * stride + j)]);
            if (!(std::abs(got - sum) <= off)) CHECK(got == sum);
        }
        for (std::ptrdiff_t j = columns; j < stride; ++j)
            CHECK(test::same_bits(y[std::size_t(i * stride + j)], test::no_number<Number>()));
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

TEST_CASE("the same with y in bf16, rounded once") {
    agrees<op::gemm_tile<32, 32, 32, 3, 2, 1>, std::uint16_t>(33, 47, 100);
}

TEST_CASE("a product over nothing is zero") { agrees<op::gemm_tile<32, 32, 32, 3, 2, 1>>(5, 6, 0); }

TEST_CASE("the tile for large products, one block") {
    const auto told = agrees<op::gemm_tile<128, 128, 32, 4, 2, 4>>(128, 128, 64);
    CHECK(told.global().sectors == told.global().fewest);  // whole sectors
}

}  // namespace
