// SPDX-License-Identifier: MIT
#include "tests/support/e4m3.hpp"

#include <doctest/doctest.h>
#include <moe/op/e4m3_rows.hpp>

namespace {

using namespace moe;

TEST_CASE("rows are read as a forward product takes them: codes as they are, numbers rounded") {
    const auto x = test::random_rows<bfloat16>(4, 300, 1);
    const auto rounded = test::rounded_along(x.view());
    test::kept_rows<> codes(x.view());
    test::kept_rows<e5m6, 32> fine(x.view());
    const int index[] = {2, 0, 3};
    const op::e4m3_rows from_codes{codes.view(), index};
    const op::e4m3_rows from_fine{fine.view(), index};
    const op::e4m3_rows from_numbers{rows<const bfloat16>(x), index};
    const auto fine_rounded = [&] {
        test::guarded<double> numbers(4, 300);
        for (int i = 0; i < 4; ++i)
            for (int j = 0; j < 300; ++j) numbers(i, j) = fine.view()(i, j);
        return test::rounded_along(numbers.view());
    }();
    for (int i = 0; i < 3; ++i) {
        const auto a = op::detail::operand_row(from_codes, i);
        const auto b = op::detail::operand_row(from_numbers, i);
        const auto c = op::detail::operand_row(from_fine, i);
        for (int j = 0; j < 300; ++j) {
            CHECK(double(a(j)) == rounded(index[i], j));
            CHECK(double(b(j)) == rounded(index[i], j));
            CHECK(double(c(j)) == fine_rounded(index[i], j));
            CHECK(double(from_numbers(i, j)) == double(x(index[i], j)));
        }
    }
}

TEST_CASE("tiles begin with the first number, and the last may be shorter") {
    std::vector<double> x(130, 1.0 / 3);
    x[0] = 1e6, x[129] = 1e-6;
    const op::detail::rounded_in_tiles rounded(130, [&](int k) { return x[std::size_t(k)]; });
    for (const int k : {1, 64, 127}) CHECK(float(rounded(k)) == 0.0F);  // beside a million
    CHECK(double(rounded(128)) == doctest::Approx(1.0 / 3).epsilon(0.05));
    CHECK(float(rounded(0)) == 983040.0F);
}

}  // namespace
