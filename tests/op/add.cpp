// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/op/add.cpu.hpp>

namespace {

using namespace moe;
using test::guarded, test::random_rows;

template <class T> void check_sums() {
    const int counts[] = {0, 1, 1, 3, 7}, widths[] = {5, 1, 9000, 64, 33};
    for (int shape = 0; shape < 5; ++shape) {
        const int count = counts[shape], width = widths[shape];
        const auto a = random_rows<T>(count, width, 1), b = random_rows<T>(count, width, 2);
        const auto check = [&](auto on) {
            guarded<T> sum = a, kept = a, from = b;
            op::add(on, sum.view(), from);
            CHECK(test::same_bits(from, b));
            op::add_and_clear(on, kept.view(), from.view());
            bool right = true, cleared = true;
            for (int i = 0; i < count; ++i)
                for (int j = 0; j < width; ++j) {
                    right = right && sum(i, j) == T(wide<T>(a(i, j)) + b(i, j)) &&
                            kept(i, j) == sum(i, j);
                    cleared = cleared && test::same_bits(from(i, j), T(0.0F));
                }
            CHECK(right);
            CHECK(cleared);
            CHECK((sum.intact() && kept.intact() && from.intact()));
        };
        check(reference{});
        test::on_every_machine(check);
    }
}
TEST_CASE("add adds, and add_and_clear also clears, on every machine") {
    check_sums<float>();
    check_sums<bfloat16>();
}

}  // namespace
