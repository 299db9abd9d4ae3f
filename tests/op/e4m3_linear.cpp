// SPDX-License-Identifier: MIT
#include "tests/support/e4m3.hpp"
#include "tests/support/machines.hpp"

#include <doctest/doctest.h>
#include <moe/op/e4m3_linear.hpp>

#include <cmath>
#include <limits>

namespace {

using namespace moe;
using test::guarded, test::random_rows;

struct shape {
    int tokens, in, out;
};
// No rows, one, ragged tiles in every direction, several cuts and blocks.
constexpr shape shapes[] = {{0, 128, 128}, {1, 1, 1},      {7, 130, 65},   {300, 128, 256},
                            {129, 33, 97}, {70, 300, 140}, {131, 512, 66}, {5, 129, 515}};

template <class G> void check_products(shape s) {
    CAPTURE(s.tokens);
    CAPTURE(s.in);
    CAPTURE(s.out);
    auto x = test::spread_rows<bfloat16>(s.tokens, s.in, 1);
    const auto dy = test::spread_rows<bfloat16>(s.tokens, s.out, 2);
    if (s.tokens > 2)
        for (int j = 0; j < s.in; ++j) x(2, j) = bfloat16(0.0F);  // tiles of zeros
    const auto before = random_rows<G>(s.out, s.in, 3);
    const test::e4m3_weight w(s.out, s.in, 4);
    test::activation_codes codes(x.view());
    const op::e4m3_rows from_codes{codes.view()};
    const op::e4m3_rows from_numbers{rows<const bfloat16>(x)};

    // Every operand rounded by itself, then a double loop.
    const auto xr = test::rounded_along(x.view()), dyr = test::rounded_along(dy.view());
    const auto xd = test::rounded_down(xr.view()), dyd = test::rounded_down(dy.view());
    guarded<double> y(s.tokens, s.out), dx(s.tokens, s.in), dw(s.out, s.in);
    for (int t = 0; t < s.tokens; ++t) {
        for (int o = 0; o < s.out; ++o) {
            y(t, o) = 0;
            for (int i = 0; i < s.in; ++i) y(t, o) += xr(t, i) * w.number(o, i);
        }
        for (int i = 0; i < s.in; ++i) {
            dx(t, i) = 0;
            for (int o = 0; o < s.out; ++o) dx(t, i) += dyr(t, o) * w.number(o, i);
        }
    }
    for (int o = 0; o < s.out; ++o)
        for (int i = 0; i < s.in; ++i) {
            dw(o, i) = before(o, i);
            for (int t = 0; t < s.tokens; ++t) dw(o, i) += dyd(t, o) * xd(t, i);
        }

    guarded<bfloat16> expected(s.tokens, s.out), expected_dx(s.tokens, s.in);
    guarded<G> expected_dw(before);
    op::linear(reference{}, expected.view(), from_codes, w.view());
    op::linear_backward_input(reference{}, expected_dx.view(), op::way_back{dy.view(), w.view()});
    op::linear_backward_weight(reference{}, expected_dw.view(), dy, from_codes);
    CHECK(test::relative_error(expected, y) < 0x1p-8);
    CHECK(test::relative_error(expected_dx, dx) < 0x1p-8);
    CHECK(test::relative_error(expected_dw, dw) < (sizeof(G) == 4 ? 1e-6 : 0x1p-8));

    for (const int threads : {1, 3})
        test::on_every_isa(threads, [&](auto on) {
            const auto forward = [&](const auto& operand) {
                guarded<bfloat16> got(s.tokens, s.out);
                op::linear(on, got.view(), operand, w.view());
                CHECK(test::same_bits(got, expected));
                CHECK(got.intact());
            };
            forward(from_codes);
            forward(from_numbers);
            for (const bool with_across : {true, false}) {
                guarded<bfloat16> got(s.tokens, s.in);
                op::linear_backward_input(on, got.view(),
                                          op::way_back{dy.view(), w.view(with_across)});
                CHECK(test::same_bits(got, expected_dx));
                CHECK(got.intact());
            }
            guarded<G> got_dw(before);
            op::linear_backward_weight(on, got_dw.view(), dy, from_codes);
            CHECK(test::same_bits(got_dw, expected_dw));
            CHECK(got_dw.intact());
        });
}
TEST_CASE("products in e4m3 are those of the rounded operands, with the same bits everywhere") {
    for (const shape s : shapes) check_products<float>(s);
    check_products<bfloat16>({140, 130, 66});
}

TEST_CASE("an input that layers in e4m3 and a precise one read gets one chain over all") {
    constexpr int tokens = 30, in = 130;
    const test::e4m3_weight a(140, in, 1), b(64, in, 2);
    const auto da = random_rows<bfloat16>(tokens, 140, 3),
               db = random_rows<bfloat16>(tokens, 64, 4);
    const auto router = random_rows<float>(5, in, 5), dr = random_rows<float>(tokens, 5, 6);
    guarded<float> flat(5, in, 0);
    test::copy(flat.view(), router.view());
    const op::way_back from_router{dr.view(), matrix<float>{flat.data(), nullptr, 5, in}};
    const op::way_back from_a{da.view(), a.view()}, from_b{db.view(), b.view()};
    guarded<bfloat16> expected(tokens, in);
    op::linear_backward_input(reference{}, expected.view(), from_router, from_a, from_b);
    test::on_every_isa(2, [&](auto on) {
        guarded<bfloat16> got(tokens, in);
        op::linear_backward_input(on, got.view(), from_router, from_a, from_b);
        CHECK(test::same_bits(got, expected));
    });
}

TEST_CASE("what is not finite reaches the rows of its tiles, and never becomes a number") {
    constexpr int tokens = 140, in = 130, out = 20;
    auto x = random_rows<bfloat16>(tokens, in, 1), dy = random_rows<bfloat16>(tokens, out, 2);
    x(3, 129) = test::poison<bfloat16>();
    x(135, 0) = bfloat16(std::numeric_limits<float>::infinity());
    const test::e4m3_weight w(out, in, 2);
    test::activation_codes codes(x.view());
    const op::e4m3_rows operand{codes.view()};
    test::on_every_isa(2, [&](auto on) {
        guarded<bfloat16> y(tokens, out);
        op::linear(on, y.view(), operand, w.view());
        for (int t = 0; t < tokens; ++t)
            for (int o = 0; o < out; ++o)
                CHECK(std::isfinite(float(y(t, o))) == (t != 3 && t != 135));
        guarded<float> dw(out, in);
        test::fill(dw.view(), 0.0F);
        op::linear_backward_weight(on, dw.view(), dy, operand);
        // Of row 3 the tile with columns 128 and 129, of row 135 the one before.
        for (int i = 0; i < in; ++i) CHECK(std::isnan(dw(0, i)));
    });
}

TEST_CASE("numbers near the end of a float's range are rounded like any other") {
    constexpr int tokens = 130, in = 20, out = 136;
    const auto x = random_rows<bfloat16>(tokens, in, 1, 0x1p-20);
    auto dy = random_rows<bfloat16>(tokens, out, 2);
    for (int o = 0; o < out; ++o) {
        dy(7, o) = bfloat16(float(dy(7, o)) * 0x1p110F);
        dy(8, o) = bfloat16(float(dy(8, o)) * 0x1p-120F);
    }
    const test::e4m3_weight w(out, in, 3);
    const op::e4m3_rows operand{rows<const bfloat16>(x)};
    guarded<bfloat16> dx(tokens, in);
    guarded<float> dw(out, in);
    test::fill(dw.view(), 0.0F);
    op::linear_backward_input(reference{}, dx.view(), op::way_back{dy.view(), w.view()});
    op::linear_backward_weight(reference{}, dw.view(), dy, operand);
    CHECK(test::all_finite(dw));
    test::on_every_isa(2, [&](auto on) {
        guarded<bfloat16> got(tokens, in);
        guarded<float> got_dw(out, in);
        test::fill(got_dw.view(), 0.0F);
        op::linear_backward_input(on, got.view(), op::way_back{dy.view(), w.view()});
        op::linear_backward_weight(on, got_dw.view(), dy, operand);
        CHECK(test::same_bits(got, dx));
        CHECK(test::same_bits(got_dw, dw));
    });
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
