// SPDX-License-Identifier: MIT
// An op of one's own, as CONTRIBUTING shows it: specification, CPU body, and the questions asked.
#include "tests/support/gradient.hpp"
#include "tests/support/machines.hpp"

#include <doctest/doctest.h>
#include <moe/op/op.hpp>

// [own_op]
namespace own {

// y = max(x, 0)^2     x, y: (tokens, width)
template <class T> void squared_relu(moe::reference, moe::rows<T> y, moe::input<T> x) {
    MOE_CHECK(y.count, ==, x.count);
    MOE_CHECK(y.width, ==, x.width);
    for (int i = 0; i < x.count; ++i)
        for (int j = 0; j < x.width; ++j) y(i, j) = x(i, j) > 0 ? x(i, j) * x(i, j) : T(0);
}

// The CPU's body: sixteen lanes at a time, split over rows. The same bits from any number of
// threads.
template <class Isa>
void squared_relu(moe::cpu_on<Isa> on, moe::rows<float> y, moe::rows<const float> x) {
    using vector = moe::lanes<Isa>;
    on.each(x.count, [&](int i) {
        for (int j = 0; j < x.width; j += moe::lane_count) {
            const int n = x.width - j;
            const vector positive = max(vector::splat(0), vector::load_first(x[i] + j, n));
            (positive * positive).store_first(y[i] + j, n);
        }
    });
}

template <class T>
void squared_relu_backward(moe::reference, moe::rows<T> dx, moe::input<T> dy, moe::input<T> x) {
    for (int i = 0; i < x.count; ++i)
        for (int j = 0; j < x.width; ++j) dx(i, j) = x(i, j) > 0 ? 2 * x(i, j) * dy(i, j) : T(0);
}

}  // namespace own
// [own_op]

// [own_op_test]
TEST_CASE("squared relu's gradient is its derivative") {
    auto x = test::random_rows<double>(3, 5, 1);
    const auto pull = test::random_rows<double>(3, 5, 2);
    test::guarded<double> y(3, 5), dx(3, 5);
    own::squared_relu_backward(moe::reference{}, dx.view(), pull.view(), x.view());
    const auto value = [&] {
        own::squared_relu(moe::reference{}, y.view(), x.view());
        return test::inner_product(pull.view(), y.view());
    };
    CHECK(test::gradient_error(x.view(), dx.view(), value) < 1e-7);
}

TEST_CASE("squared relu on the CPU has the specification's bits") {
    for (const int width : {1, 16, 37}) {
        const auto x = test::random_rows<float>(4, width, 3);
        test::guarded<float> expected(4, width);
        own::squared_relu(moe::reference{}, expected.view(), x.view());
        test::on_every_machine([&](auto on) {
            test::guarded<float> y(4, width);
            own::squared_relu(on, y.view(), x.view());
            CHECK(test::same_bits(y, expected));
            CHECK(y.intact());
        });
    }
}
// [own_op_test]
