// SPDX-License-Identifier: MIT
#include "tests/support/kernels.hpp"
#include "tests/support/random.hpp"

#include <moe/op/rms_norm.cuda.hpp>
#include <moe/op/rms_norm.hpp>

namespace {

using namespace moe;
using test::guarded, test::random_rows;

template <int Warps, int Vector> void agrees(int count, int width, int gap) {
    using kernel = op::rms_norm_kernel<Warps, Vector>;
    CAPTURE(count);
    CAPTURE(width);
    const int stride = width + gap;
    std::vector<float> x(std::size_t(count * stride)), gain(std::size_t(width), 0.F);
    std::vector<float> y(x.size()), r(std::size_t(count), 0.F);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = 3 * random_normal(1, 0, i);
    for (std::size_t i = 0; i < gain.size(); ++i) gain[i] = random_normal(2, 0, i);

    const auto told = test::every_schedule(
        [&](const emulator::options& how) {
            std::fill(y.begin(), y.end(), test::poison<float>());
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
            std::vector<float> all = y;
            all.insert(all.end(), r.begin(), r.end());
            return all;
        });

    guarded<double> wide(count, width, 0), expected(count, width, 0), wide_gain(1, width, 0),
        expected_r(1, count, 0);
    for (int i = 0; i < count; ++i)
        for (int j = 0; j < width; ++j) wide(i, j) = x[std::size_t(i * stride + j)];
    for (int j = 0; j < width; ++j) wide_gain(0, j) = gain[std::size_t(j)];
    op::rms_norm(reference{}, expected.view(), expected_r.data(), wide, wide_gain.data(), 1e-6F);
    for (int i = 0; i < count; ++i) {
        // A chain of width / threads squares, five and Warps more sums, a root and a quotient.
        const double off = (width / (32.0 * Warps) + 8 + Warps) * 0x1p-24;
        CHECK(std::abs(r[std::size_t(i)] / expected_r(0, i) - 1) <= off);
        for (int j = 0; j < width; ++j)
            CHECK(std::abs(y[std::size_t(i * stride + j)] - expected(i, j)) <=
                  (off + 0x1p-22) * std::abs(expected(i, j)));
        for (int j = width; j < stride; ++j)
            CHECK(test::same_bits(y[std::size_t(i * stride + j)], test::poison<float>()));
    }
    CHECK(told.shared().wavefronts == told.shared().requests);
    if (Vector == 4 && width % 128 == 0 && gap == 0)
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

}  // namespace
