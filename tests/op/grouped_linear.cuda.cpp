// SPDX-License-Identifier: MIT
#include "tests/support/bf16_matrix.hpp"
#include "tests/support/kernels.hpp"
#include "tests/support/random.hpp"

#include <moe/op/grouped_linear.cuda.hpp>

#include <cmath>

namespace {

using namespace moe;

// rows: of every expert; spare: how many more the launch must be ready for.
template <class Tile, class Number>
void agrees(const std::vector<int>& rows, int out, int in, bool picks, int spare) {
    using kernel = op::grouped_linear_kernel<Tile, Number>;
    const int experts = int(rows.size()), tokens = 29;
    std::vector<int> first(1, 0);
    for (const int n : rows) first.push_back(first.back() + n);
    const int count = first.back();
    CAPTURE(experts);
    CAPTURE(count);
    std::vector<int> index(std::size_t(count), 0);
    for (int r = 0; r < count; ++r)
        index[std::size_t(r)] = test::random_size(0, tokens - 1, 4, unsigned(r));
    const test::bf16_matrix x(picks ? tokens : count, in, 1), w(experts * out, in, 2);
    const std::ptrdiff_t stride = round_up(out, 8);
    std::vector<Number> y(std::size_t((count + spare) * stride));
    test::every_schedule(
        [&](const emulator::options& how) {
            std::fill(y.begin(), y.end(), test::no_number<Number>());
            emulator::memory buffers;
            buffers.input("x", x.at.data(), x.at.size()).input("w", w.at.data(), w.at.size());
            buffers.input("index", index.data(), index.size());
            buffers.input("first", first.data(), first.size());
            buffers.output("y", y.data(), y.size());
            const typename kernel::parameters p{
                y.data(), x.view(), w.view(), picks ? index.data() : nullptr, first.data(), experts,
                out,      in,       stride};
            REQUIRE(kernel::fits(p));
            return emulator::launch<kernel, sm80>(
                {kernel::blocks_x(p), kernel::blocks_y(p, count + spare)}, p, buffers, how);
        },
        [&] { return y; });

    for (int e = 0; e < experts; ++e)
        for (int r = first[std::size_t(e)]; r < first[std::size_t(e) + 1]; ++r)
            for (int o = 0; o < out; ++o) {
                double sum = 0, size = 0;
                for (int k = 0; k < in; ++k) {
                    const double one = x(picks ? index[std::size_t(r)] : r, k) * w(e * out + o, k);
                    sum += one, size += std::abs(one);
                }
                const double off = test::bf16_product_error(in, size) +
                                   (sizeof(Number) == 2 ? 0x1p-8 * std::abs(sum) : 0);
                const double got = test::number_of(y[std::size_t(r * stride + o)]);
                if (!(std::abs(got - sum) <= off)) CHECK(got == sum);
            }
    for (std::ptrdiff_t at = 0; at < std::ptrdiff_t(y.size()); ++at)
        if (at / stride >= count || at % stride >= out)
            CHECK(test::same_bits(y[std::size_t(at)], test::no_number<Number>()));
}

using tile = op::gemm_tile<32, 32, 32, 3, 2, 1>;

TEST_CASE("every expert's rows meet their own weights, full, ragged and empty") {
    agrees<tile, float>({32, 0, 33, 1, 0}, 40, 36, true, 0);
    agrees<tile, float>({0, 0, 5}, 7, 64, false, 70);
    agrees<tile, std::uint16_t>({64, 3}, 33, 20, true, 1);
}

TEST_CASE("more experts than lanes, some beyond 32 without rows; no rows at all") {
    std::vector<int> rows(70, 0);
    for (std::size_t e = 0; e < rows.size(); ++e) rows[e] = int(e % 7 == 0 ? e % 5 : e % 11 == 0);
    agrees<tile, float>(rows, 8, 8, true, 3);
    agrees<tile, float>({0, 0, 0}, 8, 8, false, 2);
}

}  // namespace
