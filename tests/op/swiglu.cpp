// SPDX-License-Identifier: MIT
#include "tests/support/gradient.hpp"
#include "tests/support/machines.hpp"

#include <doctest/doctest.h>
#include <moe/op/swiglu.cpu.hpp>

namespace {

using namespace moe;
using test::guarded, test::random_rows;

TEST_CASE("the gate opens with x sigmoid(x), and the weight scales its row") {
    guarded<double> h(1, 3), gate(1, 3), up(1, 3);
    const double gates[] = {0, 2, -50}, ups[] = {7, 3, 1}, weight = 0.5;
    for (int j = 0; j < 3; ++j) gate(0, j) = gates[j], up(0, j) = ups[j];
    op::swiglu(reference{}, h.view(), gate, up, nullptr);
    CHECK(h(0, 0) == 0);
    CHECK(h(0, 1) == doctest::Approx(6 / (1 + std::exp(-2.0))).epsilon(1e-14));
    CHECK(std::abs(h(0, 2)) < 1e-19);
    op::swiglu(reference{}, h.view(), gate, up, &weight);
    CHECK(h(0, 1) == doctest::Approx(3 / (1 + std::exp(-2.0))).epsilon(1e-14));
}

TEST_CASE("the gradients of swiglu are its derivatives") {
    for (const bool weighted : {false, true}) {
        CAPTURE(weighted);
        auto gate = random_rows<double>(3, 7, 1), up = random_rows<double>(3, 7, 2);
        auto weight = random_rows<double>(1, 3, 3);
        const auto dh = random_rows<double>(3, 7, 4);
        guarded<double> h(3, 7), dgate(3, 7), dup(3, 7), dweight(1, 3);
        const auto value = [&] {
            op::swiglu(reference{}, h.view(), gate, up, weighted ? weight.data() : nullptr);
            return test::inner_product(h.view(), dh.view());
        };
        op::swiglu_backward(reference{}, dgate.view(), dup, weighted ? dweight.data() : nullptr, dh,
                            gate, up, weighted ? weight.data() : nullptr);
        CHECK(test::gradient_error(gate, dgate, value) < 1e-9);
        CHECK(test::gradient_error(up, dup, value) < 1e-9);
        if (weighted) CHECK(test::gradient_error(weight, dweight, value) < 1e-9);
    }
}

template <class T> void check_machines() {
    for (int shape = 0; shape < 10; ++shape) {
        const int count = shape == 0 ? 0 : test::random_size(1, 11, 10, shape);
        const int width = shape == 1 ? 1 : test::random_size(1, 130, 11, shape);
        const bool weighted = shape % 2 == 1;
        CAPTURE(count);
        CAPTURE(width);
        const auto gate = random_rows<T>(count, width, 1, 3.0);
        const auto up = random_rows<T>(count, width, 2), dh = random_rows<T>(count, width, 3);
        const auto weights = random_rows<float>(1, count, 4);
        const float* weight = weighted ? weights.data() : nullptr;
        const auto run = [&](auto on, auto& h, auto& dgate, auto& dup, auto& dweight) {
            op::swiglu(on, h.view(), gate, up, weight);
            op::swiglu_backward(on, dgate.view(), dup, weighted ? dweight.data() : nullptr, dh,
                                gate, up, weight);
        };
        guarded<T> h(count, width), dgate(count, width), dup(count, width);
        guarded<float> dweight(1, count);
        run(reference{}, h, dgate, dup, dweight);
        guarded<float> other = dweight;
        bool first = true;
        test::on_every_machine([&](auto on) {
            guarded<T> h1(count, width), dgate1(count, width), dup1(count, width);
            guarded<float> dweight1(1, count);
            run(on, h1, dgate1, dup1, dweight1);
            CHECK(test::same_bits(h1, h));
            CHECK(test::same_bits(dgate1, dgate));
            CHECK(test::same_bits(dup1, dup));
            if (weighted) {
                for (int i = 0; i < count; ++i) {
                    double size = 0;
                    for (int j = 0; j < width; ++j)
                        size += std::abs(double(dh(i, j)) * h(i, j) / weights(0, i));
                    CHECK(std::abs(dweight1(0, i) - dweight(0, i)) <= 1e-6 * size);
                }
                CHECK((first || test::same_bits(dweight1, other)));
            } else {
                CHECK(test::same_bits(dweight1(0, 0), test::poison<float>()));
            }
            CHECK((h1.intact() && dgate1.intact() && dup1.intact() && dweight1.intact()));
            first = false;
            other = dweight1;
        });
    }
}
TEST_CASE("the CPU agrees with the specification, with the same bits on every machine") {
    check_machines<float>();
    check_machines<bfloat16>();
}

}  // namespace
