// SPDX-License-Identifier: MIT
#include "tests/support/bf16_matrix.hpp"
#include "tests/support/kernels.hpp"
#include "tests/support/random.hpp"

#include <moe/op/rms_norm.cuda.hpp>
#include <moe/op/rms_norm.hpp>

namespace {

using namespace moe;
using test::guarded, test::random_rows;

// Number: of x and y
template <int Warps, int Vector, class Number = float> void agrees(int count, int width, int gap) {
    using kernel = op::rms_norm_kernel<Warps, Vector, Number>;
    constexpr bool is_narrow = sizeof(Number) == 2;
    CAPTURE(count);
    CAPTURE(width);
    const int stride = width + gap;
    std::vector<Number> x(std::size_t(count * stride)), y(x.size());
    std::vector<float> gain(std::size_t(width), 0.F), r(std::size_t(count), 0.F);
    for (std::size_t i = 0; i < x.size(); ++i) {
        const float value = 3 * random_normal(1, 0, i);
        if constexpr (is_narrow)
            x[i] = bfloat16(value).bits;
        else
            x[i] = value;
    }
    for (std::size_t i = 0; i < gain.size(); ++i) gain[i] = random_normal(2, 0, i);

    const auto told = test::every_schedule(
        [&](const emulator::options& how) {
            std::fill(y.begin(), y.end(), test::no_number<Number>());
            std::fill(r.begin(), r.end(), test::poison<float>());
            emulator::memory buffers;
            buffers.input("x", x.data(), x.size()).input("gain", gain.data(), gain.size());
            buffers.output("y", y.data(), y.size()).output("r", r.data(), r.size());
            const typename kernel::parameters p{y.data(), r.data(), x.data(), gain.data(), count,
                                                width,    stride,   stride,   1e-6F};
            REQUIRE(kernel::fits(p));
            return emulator::launch<kernel, sm80>({kernel::blocks(p)}, p, buffers, how);
        },
        [&] {
            std::vector<double> all(r.begin(), r.end());  // exact
            for (const Number value : y) all.push_back(test::number_of(value));
            return all;
        });

    guarded<double> wide(count, width, 0), expected(count, width, 0), wide_gain(1, width, 0),
        expected_r(1, count, 0);
    for (int i = 0; i < count; ++i)
        for (int j = 0; j < width; ++j)
            wide(i, j) = test::number_of(x[std::size_t(i * stride + j)]);
    for (int j = 0; j < width; ++j) wide_gain(0, j) = gain[std::size_t(j)];
    op::rms_norm(reference{}, expected.view(), expected_r.data(), wide, wide_gain.data(), 1e-6F);
    for (int i = 0; i < count; ++i) {
        // A chain of width / threads squares, five and Warps more sums, a root and a quotient.
        const double off = (width / (32.0 * Warps) + 8 + Warps) * 0x1p-24;
        CHECK(std::abs(r[std::size_t(i)] / expected_r(0, i) - 1) <= off);
        for (int j = 0; j < width; ++j)
            CHECK(std::abs(test::number_of(y[std::size_t(i * stride + j)]) - expected(i, j)) <=
                  (off + (is_narrow ? 0x1p-8 : 0x1p-22)) * std::abs(expected(i, j)));
        for (int j = width; j < stride; ++j)
            CHECK(test::same_bits(y[std::size_t(i * stride + j)], test::no_number<Number>()));
    }
    CHECK(told.shared().wavefronts == told.shared().requests);
    if (Vector > 1 && width % 256 == 0 && gap == 0)
        CHECK(told.global().sectors == told.global().fewest);
}

TEST_CASE("rms_norm's kernel agrees with the specification on ragged rows") {
    agrees<4, 4>(3, 512, 0);
    agrees<4, 4>(2, 1024 + 4, 12);
    agrees<2, 4>(5, 4, 0);
    agrees<1, 4>(2, 200, 0);
    agrees<4, 1>(3, 77, 5);
    agrees<2, 1>(1, 1, 0);
    agrees<8, 1>(2, 300, 0);
}

TEST_CASE("the same in bf16: the sums in FP32, the result rounded once") {
    agrees<4, 4, std::uint16_t>(3, 768, 0);
    agrees<2, 4, std::uint16_t>(2, 20, 8);
    agrees<4, 1, std::uint16_t>(3, 77, 5);
}

}  // namespace
