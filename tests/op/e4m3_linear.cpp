// SPDX-License-Identifier: MIT
#include "tests/support/e4m3.hpp"
#include "tests/support/machines.hpp"

#include <doctest/doctest.h>
#include <moe/op/e4m3_linear.hpp>

#include <cmath>
#include <vector>

namespace {

using namespace moe;
using test::guarded, test::random_rows;

// Every operand rounded by itself, then a double loop. The CPU's bodies are compared with this
// specification in tests/op/e4m3_experts.cpp: compiling their tiles once is enough.
TEST_CASE("products in e4m3 are those of the rounded operands") {
    constexpr int tokens = 131, in = 130, out = 140;
    const auto x = test::spread_rows<bfloat16>(tokens, in, 1);
    const auto dy = test::spread_rows<bfloat16>(tokens, out, 2);
    const auto before = random_rows<float>(out, in, 3);
    const test::e4m3_weight w(out, in, 4);
    test::activation_codes codes(x.view());
    const op::e4m3_rows operand{codes.view()};
    guarded<bfloat16> y(tokens, out), dx(tokens, in);
    guarded<float> dw(before);
    op::linear(reference{}, y.view(), operand, w.view());
    op::linear_backward_input(reference{}, dx.view(), dy, w.view());
    op::linear_backward_weight(reference{}, dw.view(), dy, operand);
    const test::e4m3_products expected(x.view(), dy.view(), w, before.view());
    CHECK(test::relative_error(y, expected.y) < 0x1p-8);
    CHECK(test::relative_error(dx, expected.dx) < 0x1p-8);
    CHECK(test::relative_error(dw, expected.dw) < 1e-6);
}

TEST_CASE("a projection in e4m3 and its rotation at once are the two one after the other") {
    constexpr int tokens = 20, in = 130, heads = 3, width = 40;
    const auto x = random_rows<bfloat16>(tokens, in, 1);
    const test::e4m3_weight w(heads * width, in, 2);
    const op::e4m3_rows operand{rows<const bfloat16>(x)};
    std::vector<float> table(10 * 16);
    op::rope_table(table.data(), 10, 16, 10000.0);
    const op::rotary<float> turn{table.data(), 16};
    const op::head_columns where{heads, width, 24};
    guarded<bfloat16> expected(tokens, heads * width), got(tokens, heads * width);
    op::linear(reference{}, expected.view(), operand, w.view());
    op::rope(reference{}, expected.view(), where, turn, 10, 0);
    const cpu_on<isa::native> on{&test::pool_of(2)};
    op::rotated_linear(on, got.view(), operand, w.view(), where, turn, {10, 0});
    CHECK(test::same_bits(got, expected));
}

TEST_CASE("on positive inputs a hundred times less is lost with promotion") {
    constexpr int in = 4096;
    guarded<float> x(1, in), w(1, in), y(1, 1);
    for (int i = 0; i < in; ++i) {
        x(0, i) = float(random_uniform(1, 0, std::uint64_t(i)));
        w(0, i) = float(random_uniform(2, 0, std::uint64_t(i)));
    }
    std::vector<e4m3> x_code(in), w_code(in);
    std::vector<float> x_scale(in / 128), w_scale(in / 128);
    const quantised<e4m3, tile_1x128<>> xq{{x_code.data(), 1, in}, x_scale.data(), in};
    const quantised<e4m3, block_128x128<>> wq{{w_code.data(), 1, in}, w_scale.data(), in};
    op::quantise(reference{}, xq, x.view());
    op::quantise(reference{}, wq, w.view());
    double exact = 0;
    for (int i = 0; i < in; ++i) exact += double(xq(0, i)) * wq(0, i);
    const auto error = [&](const auto& inner, int every) {
        op::linear(reference{}, y.view(), quantised<const e4m3, tile_1x128<>>(xq),
                   quantised<const e4m3, block_128x128<>>(wq), inner, every);
        return std::abs(y(0, 0) - exact) / exact;
    };
    CHECK(error(fp32_accumulation{}, 128) < 1e-6);
    CHECK(error(hopper_fp8, 128) < 2e-3);
    CHECK(error(hopper_fp8, in) > 50 * error(hopper_fp8, 128));
}

}  // namespace
