// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/op/sum_of_squares.cpu.hpp>

#include <limits>

namespace {

using namespace moe;

template <class T> test::guarded<T> contiguous(int count, int width, std::uint64_t seed) {
    test::guarded<T> x(count, width, 0);
    test::fill_random(x.view(), seed);
    return x;
}

template <class T> void check_sums() {
    for (const auto& [count, width] :
         {std::pair(0, 5), std::pair(3, 0), std::pair(1, 1), std::pair(3, 5), std::pair(1, 4096),
          std::pair(1, 4097), std::pair(37, 311), std::pair(64, 256)}) {
        const auto x = contiguous<T>(count, width, 1);
        const auto blocks = int(norm_blocks(std::int64_t(count) * width));
        double expected = 0;
        for (int i = 0; i < count; ++i)
            for (int j = 0; j < width; ++j) expected += double(x(i, j)) * x(i, j);
        test::guarded<double> of_reference(1, blocks);
        const double sum = op::sum_of_squares(reference{}, x.view(), of_reference.data());
        CHECK(sum == doctest::Approx(expected).epsilon(1e-6));
        CHECK(of_reference.intact());
        test::on_every_machine([&](auto on) {
            test::guarded<double> partial(1, blocks);
            CHECK(op::sum_of_squares(on, x.view(), partial.data()) == sum);
            CHECK(test::same_bits(partial, of_reference));
            CHECK(partial.intact());
        });
    }
}
TEST_CASE("the sum is that of the squares, over any number of elements") {
    check_sums<float>();
    check_sums<bfloat16>();
}

TEST_CASE("in double it is exact to the last digits") {
    const auto x = contiguous<double>(9, 700, 2);
    double expected = 0, partial[2];
    for (int i = 0; i < 9; ++i)
        for (int j = 0; j < 700; ++j) expected += x(i, j) * x(i, j);
    CHECK(op::sum_of_squares(reference{}, x.view(), partial) ==
          doctest::Approx(expected).epsilon(1e-14));
}

TEST_CASE("whole blocks can be summed apart") {
    const auto x = contiguous<float>(1, 3 * norm_block + 100, 3);
    double together[4], apart[4];
    op::sum_of_squares(reference{}, x.view(), together);
    op::sum_of_squares(reference{}, x.view().columns(0, norm_block), apart);
    op::sum_of_squares(reference{}, x.view().columns(norm_block, 2 * norm_block + 100), apart + 1);
    for (int b = 0; b < 4; ++b) CHECK(together[b] == apart[b]);
}

TEST_CASE("a gradient that is not finite shows") {
    test::on_every_isa(2, [&](auto on) {
        auto x = contiguous<float>(1, 5000, 4);
        double partial[2];
        x(0, 4999) = std::numeric_limits<float>::quiet_NaN();
        CHECK(std::isnan(op::sum_of_squares(on, x.view(), partial)));
        x(0, 4999) = std::numeric_limits<float>::infinity();
        CHECK(std::isinf(op::sum_of_squares(on, x.view(), partial)));
    });
}

}  // namespace
