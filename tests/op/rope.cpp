// SPDX-License-Identifier: MIT
#include "tests/support/gradient.hpp"
#include "tests/support/machines.hpp"

#include <doctest/doctest.h>
#include <moe/op/rope.cpu.hpp>

#include <vector>

namespace {

using namespace moe;
using test::guarded, test::random_rows;

TEST_CASE("a pair turns by position times its frequency") {
    std::vector<double> table(5 * 8);
    op::rope_table(table.data(), 5, 8, 100.0);
    guarded<double> x(5, 8);
    for (int t = 0; t < 5; ++t)
        for (int j = 0; j < 8; ++j) x(t, j) = j % 2 == 0 ? 1 : 0;
    op::rope(reference{}, x.view(), {1, 8, 0}, {table.data(), 8}, 5, 0);
    for (int t = 0; t < 5; ++t)
        for (int i = 0; i < 4; ++i) {
            const double angle = t * std::pow(100.0, -i / 4.0);
            CHECK(x(t, 2 * i) == doctest::Approx(std::cos(angle)).epsilon(1e-14));
            CHECK(x(t, 2 * i + 1) == doctest::Approx(std::sin(angle)).epsilon(1e-14));
        }
}

TEST_CASE("scores depend only on how far apart query and key are") {
    std::vector<double> table(64 * 16);
    op::rope_table(table.data(), 64, 16, 10000.0);
    const auto q = random_rows<double>(1, 16, 1), k = random_rows<double>(1, 16, 2);
    const auto score = [&](int query, int key) {
        guarded<double> a = q, b = k;
        op::rope(reference{}, a.view(), {1, 16, 0}, {table.data(), 16}, 1, query);
        op::rope(reference{}, b.view(), {1, 16, 0}, {table.data(), 16}, 1, key);
        return test::inner_product(a.view(), b.view());
    };
    CHECK(score(17, 5) == doctest::Approx(score(40, 28)).epsilon(1e-12));
    CHECK(score(9, 9) == doctest::Approx(test::inner_product(q.view(), k.view())).epsilon(1e-12));
    CHECK(std::abs(score(17, 5) - score(17, 6)) > 1e-3);
}

TEST_CASE("rows know their position, heads their columns, the rest stays as it is") {
    std::vector<double> table(12 * 4);
    op::rope_table(table.data(), 12, 4, 10.0);
    const auto before = random_rows<double>(6, 20, 3);
    guarded<double> x = before;
    op::rope(reference{}, x.view(), {2, 9, 3}, {table.data(), 4}, 3, 7);  // two sequences of three
    for (int t = 0; t < 6; ++t)
        for (int j = 0; j < 20; ++j) {
            const int inside = j - 3 >= 0 && j - 3 < 18 ? (j - 3) % 9 : 9;
            if (inside >= 4) {
                CHECK(x(t, j) == before(t, j));
                continue;
            }
            const int even = j - inside % 2;
            const double angle = (7 + t % 3) * std::pow(10.0, -2.0 * (inside / 2) / 4);
            const double a = before(t, even), b = before(t, even + 1);
            const double expected = inside % 2 == 0 ? a * std::cos(angle) - b * std::sin(angle)
                                                    : a * std::sin(angle) + b * std::cos(angle);
            CHECK(x(t, j) == doctest::Approx(expected).epsilon(1e-13));
        }
    CHECK(x.intact());
}

TEST_CASE("the gradient of rope is the rotation back") {
    std::vector<double> table(9 * 6);
    op::rope_table(table.data(), 9, 6, 50.0, {.factor = 4, .original_length = 3});
    const auto x = random_rows<double>(4, 13, 4), dy = random_rows<double>(4, 13, 5);
    guarded<double> input = x, dx = dy;
    const auto value = [&] {
        guarded<double> y = input;
        op::rope(reference{}, y.view(), {2, 7, 0}, {table.data(), 6}, 2, 5);
        return test::inner_product(y.view(), dy.view());
    };
    op::rope_backward(reference{}, dx.view(), {2, 7, 0}, {table.data(), 6}, 2, 5);
    CHECK(test::gradient_error(input, dx, value) < 1e-10);
}

// The numbers are those of transformers' _compute_yarn_parameters in double, for DeepSeek-V3's
// configuration: rope_theta 10000, 64 rotated columns, {40, 32, 1, 4096, 1, 1}.
TEST_CASE("YaRN is that of DeepSeek-V3") {
    const yarn v3{.factor = 40, .original_length = 4096, .mscale = 1, .mscale_all_dim = 1};
    CHECK(v3.table_factor() == 1);
    CHECK(v3.softmax_factor() == doctest::Approx(1.8738542).epsilon(1e-7));
    const yarn v2{.factor = 40, .original_length = 4096, .mscale = 0.707, .mscale_all_dim = 0.707};
    CHECK(v2.softmax_factor() == doctest::Approx(1.5896262).epsilon(1e-7));
    const yarn paper{.factor = 40, .original_length = 4096};
    CHECK(paper.table_factor() == doctest::Approx(1.3688879).epsilon(1e-7));
    CHECK(paper.softmax_factor() == 1);
    const yarn uneven{.factor = 40, .mscale = 1, .mscale_all_dim = 0.5};
    CHECK(uneven.table_factor() == doctest::Approx(1.3688879 / 1.1844440).epsilon(1e-7));

    const double fast = op::rope_frequency(10, 64, 1e4, v3);
    CHECK(fast == doctest::Approx(std::pow(1e4, -10.0 / 32)).epsilon(1e-14));
    const double slow = op::rope_frequency(23, 64, 1e4, v3);
    CHECK(slow == doctest::Approx(std::pow(1e4, -23.0 / 32) / 40).epsilon(1e-14));
    const double middle = op::rope_frequency(16, 64, 1e4, v3);
    CHECK(middle == doctest::Approx(0.01 * (1 - 6.0 / 13 * (1 - 1 / 40.0))).epsilon(1e-12));
}

TEST_CASE("YaRN slows everything but the first pair when the original length is short") {
    const yarn s{.factor = 8, .original_length = 16};
    CHECK(op::rope_frequency(0, 8, 1e4, s) == 1);
    for (int i = 1; i < 4; ++i)
        CHECK(op::rope_frequency(i, 8, 1e4, s) ==
              doctest::Approx(std::pow(1e4, -i / 4.0) / 8).epsilon(1e-14));
}

TEST_CASE("without scaling there is no YaRN") {
    const yarn none{};
    CHECK(none.table_factor() == 1);
    CHECK(none.softmax_factor() == 1);
    for (int i = 0; i < 16; ++i)
        CHECK(op::rope_frequency(i, 32, 1e4, none) ==
              doctest::Approx(std::pow(1e4, -i / 16.0)).epsilon(1e-15));
}

template <class T> void check_bits() {
    for (int shape = 0; shape < 10; ++shape) {
        const int count = shape == 0 ? 0 : test::random_size(1, 13, 20, shape);
        const int dim = 2 * test::random_size(1, 40, 21, shape);
        const int heads = test::random_size(0, 4, 22, shape);
        const int gap = test::random_size(0, 5, 23, shape);
        const op::head_columns where{heads, dim + gap, gap / 2};
        std::vector<float> table(std::size_t(30 * dim));
        op::rope_table(table.data(), 30, dim, 10000.0, {.factor = 3, .original_length = 10});
        const op::rotary<float> turn{table.data(), dim};
        guarded<T> forward = random_rows<T>(count, heads * (dim + gap) + gap, 24);
        const guarded<T> before = forward;
        guarded<T> backward = before;
        op::rope(reference{}, forward.view(), where, turn, 4, 3);
        op::rope_backward(reference{}, backward.view(), where, turn, 4, 3);
        test::on_every_machine([&](auto on) {
            guarded<T> y = before, dx = before;
            op::rope(on, y.view(), where, turn, 4, 3);
            op::rope_backward(on, dx.view(), where, turn, 4, 3);
            CHECK(test::same_bits(y, forward));
            CHECK(test::same_bits(dx, backward));
            CHECK((y.intact() && dx.intact()));
        });
    }
}
TEST_CASE("the CPU has the bits of the specification") {
    check_bits<float>();
    check_bits<bfloat16>();
}

}  // namespace
