// SPDX-License-Identifier: MIT
#include "tests/support/gradient.hpp"
#include "tests/support/machines.hpp"

#include <doctest/doctest.h>
#include <moe/op/linear.hpp>
#include <moe/op/pack.hpp>

#include <limits>
#include <vector>

namespace {

using namespace moe;
using test::guarded, test::random_rows, test::random_size;

// A weight as layers hold it: rows without gaps with a packed copy behind it, or both packed copies
// alone where they are narrower than the master.
template <class T = float> struct weight {
    guarded<moe::wide<T>> w;
    guarded<T> packed, across, narrow;

    weight(int out, int in, std::uint64_t seed)
        : w(out, in, 0),
          packed(1, int(packed_size<T>(out, in))),
          across(1, int(packed_size<T>(in, out))),
          narrow(out, in, 0) {
        test::fill_random(w.view(), seed);
        for (int o = 0; o < out; ++o)
            for (int i = 0; i < in; ++i) narrow(o, i) = T(w(o, i));
        op::pack(reference{}, weight_copies<T>{packed.data(), across.data()}, w.view());
    }
    matrix<T> view(bool with_packed = true, bool with_across = true) const {
        const auto at = w.view();
        if constexpr (std::is_same_v<T, float>)
            return {at.at, with_packed ? packed.data() : nullptr, at.count, at.width};
        else
            return {nullptr, packed.data(), at.count, at.width,
                    with_across ? across.data() : nullptr};
    }
    // Neither copy is resident: the rows alone.
    matrix<T> unpacked() const {
        return {narrow.data(), nullptr, w.view().count, w.view().width, nullptr};
    }
};

struct shape {
    int tokens, in, out;
};

// No rows; one; less than a tile; ragged in every direction; several cuts of the summed index in
// each of the three products.
std::vector<shape> shapes() {
    std::vector<shape> all{{0, 8, 8},     {1, 1, 1},     {1, 17, 65},     {5, 16, 64}, {7, 0, 3},
                           {7, 3, 0},     {6, 64, 128},  {13, 48, 33},    {2, 600, 5}, {3, 5, 530},
                           {290, 40, 96}, {100, 80, 96}, {49, 1024, 258}, {5, 8, 1536}};
    for (std::uint64_t i = 0; i < 12; ++i)
        all.push_back(
            {random_size(0, 90, 1, i), random_size(1, 150, 2, i), random_size(1, 150, 3, i)});
    return all;
}

TEST_CASE("a linear layer is the sum of its inputs times its weights") {
    const auto x = random_rows<double>(4, 5, 1), w = random_rows<double>(3, 5, 2);
    guarded<double> packed_rows(3, 5, 0), y(4, 3);
    test::copy(packed_rows.view(), w.view());
    op::linear(reference{}, y.view(), x, {packed_rows.data(), nullptr, 3, 5});
    for (int t = 0; t < 4; ++t)
        for (int o = 0; o < 3; ++o) {
            double sum = 0;
            for (int i = 0; i < 5; ++i) sum += x(t, i) * w(o, i);
            CHECK(y(t, o) == doctest::Approx(sum).epsilon(1e-12));
        }
    CHECK(y.intact());
}

TEST_CASE("the gradients of a linear layer are its derivatives") {
    auto x = random_rows<double>(4, 5, 1);
    const auto dy = random_rows<double>(4, 3, 2);
    guarded<double> w(3, 5, 0), y(4, 3), dx(4, 5), dw(3, 5);
    test::fill_random(w.view(), 3);
    test::fill(dw.view(), 0.0);
    const matrix<double> m{w.data(), nullptr, 3, 5};
    op::linear_backward_input(reference{}, dx.view(), dy, m);
    op::linear_backward_weight(reference{}, dw.view(), dy, x);
    const auto loss = [&] {
        op::linear(reference{}, y.view(), x, m);
        return test::inner_product<const double, const double>(y, dy);
    };
    CHECK(test::gradient_error(x.view(), dx, loss) < 1e-9);
    CHECK(test::gradient_error(w.view(), dw, loss) < 1e-9);
}

TEST_CASE("weight gradients are added to") {
    const auto x = random_rows<double>(4, 5, 1), dy = random_rows<double>(4, 3, 2);
    guarded<double> once(3, 5), twice(3, 5);
    test::fill(once.view(), 0.0);
    test::fill(twice.view(), 1.0);
    op::linear_backward_weight(reference{}, once.view(), dy, x);
    for (int i = 0; i < 2; ++i) op::linear_backward_weight(reference{}, twice.view(), dy, x);
    for (int o = 0; o < 3; ++o)
        for (int i = 0; i < 5; ++i)
            CHECK(twice(o, i) == doctest::Approx(1 + 2 * once(o, i)).epsilon(1e-12));
}

TEST_CASE("on the CPU the three products have the bits of their specification") {
    for (const shape s : shapes()) {
        CAPTURE(s.tokens);
        CAPTURE(s.in);
        CAPTURE(s.out);
        const auto x = random_rows<float>(s.tokens, s.in, 1);
        const auto dy = random_rows<float>(s.tokens, s.out, 2);
        const auto before = random_rows<float>(s.out, s.in, 3);
        const weight<> w(s.out, s.in, 4);
        guarded<float> y(s.tokens, s.out), dx(s.tokens, s.in), dw(before);
        op::linear(reference{}, y.view(), x, w.view());
        op::linear_backward_input(reference{}, dx.view(), dy, w.view());
        op::linear_backward_weight(reference{}, dw.view(), dy, x);
        CHECK((s.out == 0 || test::all_finite(y)));
        test::on_every_machine([&](auto on) {
            for (const bool packed : {true, false}) {
                guarded<float> got(s.tokens, s.out);
                op::linear(on, got.view(), x, w.view(packed));
                CHECK(test::same_bits(got, y));
                CHECK(got.intact());
            }
            guarded<float> got_dx(s.tokens, s.in), got_dw(before);
            op::linear_backward_input(on, got_dx.view(), dy, w.view());
            op::linear_backward_weight(on, got_dw.view(), dy, x);
            CHECK(test::same_bits(got_dx, dx));
            CHECK(test::same_bits(got_dw, dw));
            CHECK(got_dx.intact());
            CHECK(got_dw.intact());
        });
    }
}

// Y: of y and dx; X: of x; D: of dy; W: of the weight; G: of dw
template <class Y, class X, class D, class W, class G> void check_types() {
    for (const shape s : shapes()) {
        CAPTURE(s.tokens);
        CAPTURE(s.in);
        CAPTURE(s.out);
        const auto x = random_rows<X>(s.tokens, s.in, 1);
        const auto dy = random_rows<D>(s.tokens, s.out, 2);
        const auto before = random_rows<G>(s.out, s.in, 3);
        const weight<W> w(s.out, s.in, 4);
        guarded<Y> y(s.tokens, s.out), dx(s.tokens, s.in);
        guarded<G> dw(before);
        op::linear(reference{}, y.view(), x.view(), w.view());
        op::linear_backward_input(reference{}, dx.view(), op::way_back{dy.view(), w.view()});
        op::linear_backward_weight(reference{}, dw.view(), dy.view(), x.view());
        for (const int threads : {1, 3})
            test::on_every_isa(threads, [&](auto on) {
                guarded<Y> got(s.tokens, s.out), got_dx(s.tokens, s.in);
                guarded<G> got_dw(before);
                op::linear(on, got.view(), x.view(), w.view());
                op::linear_backward_input(on, got_dx.view(), op::way_back{dy.view(), w.view()});
                op::linear_backward_weight(on, got_dw.view(), dy.view(), x.view());
                CHECK(test::same_bits(got, y));
                CHECK(test::same_bits(got_dx, dx));
                CHECK(test::same_bits(got_dw, dw));
                test::fill(got_dx.view(), test::poison<Y>());
                op::linear_backward_input(on, got_dx.view(),
                                          op::way_back{dy.view(), w.view(true, false)});
                CHECK(test::same_bits(got_dx, dx));
                test::fill(got.view(), test::poison<Y>());
                test::fill(got_dx.view(), test::poison<Y>());
                op::linear(on, got.view(), x.view(), w.unpacked());
                op::linear_backward_input(on, got_dx.view(), op::way_back{dy.view(), w.unpacked()});
                CHECK(test::same_bits(got, y));
                CHECK(test::same_bits(got_dx, dx));
                CHECK(got.intact());
                CHECK(got_dx.intact());
                CHECK(got_dw.intact());
            });
    }
}

TEST_CASE("operands in bfloat16 have the bits of their specification") {
    check_types<bfloat16, bfloat16, bfloat16, bfloat16, float>();
    check_types<bfloat16, bfloat16, bfloat16, bfloat16, bfloat16>();
}
TEST_CASE("results in float of operands in bfloat16, and precise layers among such") {
    check_types<float, bfloat16, bfloat16, bfloat16, float>();  // a head's logits
    check_types<float, bfloat16, float, float, float>();        // a router's logits
    check_types<bfloat16, bfloat16, float, float, float>();     // its gradient's way back
}

TEST_CASE("an input that several layers read gets the sum of its gradients, one chain") {
    constexpr int tokens = 40, in = 70;
    const weight<bfloat16> a(33, in, 1), b(300, in, 2);
    const weight<> router(9, in, 3);
    const auto da = random_rows<bfloat16>(tokens, 33, 4),
               db = random_rows<bfloat16>(tokens, 300, 5);
    const auto dr = random_rows<float>(tokens, 9, 6);
    const op::way_back from_a{da.view(), a.view()}, from_b{db.view(), b.view()};
    const op::way_back from_router{dr.view(), router.view()};
    guarded<bfloat16> expected(tokens, in);
    guarded<float> exact(tokens, in), part(tokens, in);
    op::linear_backward_input(reference{}, expected.view(), from_router, from_a, from_b);
    op::linear_backward_input(reference{}, exact.view(), from_router);
    for (const auto& one : {from_a, from_b}) {
        op::linear_backward_input(reference{}, part.view(), one);
        for (int t = 0; t < tokens; ++t)
            for (int i = 0; i < in; ++i) exact(t, i) += part(t, i);
    }
    CHECK(test::relative_error(expected, exact) < 4e-3);
    for (const int threads : {1, 2, 8})
        test::on_every_isa(threads, [&](auto on) {
            guarded<bfloat16> dx(tokens, in);
            op::linear_backward_input(on, dx.view(), from_router, from_a, from_b);
            CHECK(test::same_bits(dx, expected));
            CHECK(dx.intact());
        });
}

TEST_CASE("products of bfloat16 are as near to the truth as their number format allows") {
    constexpr int tokens = 70, in = 300, out = 90;
    const auto x = random_rows<bfloat16>(tokens, in, 1), dy = random_rows<bfloat16>(tokens, out, 2);
    const weight<bfloat16> w(out, in, 3);
    guarded<double> wide_x(tokens, in), wide_dy(tokens, out), wide_w(out, in, 0);
    test::copy(wide_x.view(), x.view());
    test::copy(wide_dy.view(), dy.view());
    for (int o = 0; o < out; ++o)
        for (int i = 0; i < in; ++i) wide_w(o, i) = double(weight_at(w.view(), o, i));
    const matrix<double> m{wide_w.data(), nullptr, out, in};
    guarded<double> y(tokens, out), dx(tokens, in), dw(out, in);
    test::fill(dw.view(), 0.0);
    op::linear(reference{}, y.view(), wide_x, m);
    op::linear_backward_input(reference{}, dx.view(), wide_dy, m);
    op::linear_backward_weight(reference{}, dw.view(), wide_dy, wide_x);
    test::on_every_isa(2, [&](auto on) {
        guarded<bfloat16> got(tokens, out), got_dx(tokens, in);
        guarded<float> got_dw(out, in);
        test::fill(got_dw.view(), 0.0F);
        op::linear(on, got.view(), x, w.view());
        op::linear_backward_input(on, got_dx.view(), dy, w.view());
        op::linear_backward_weight(on, got_dw.view(), dy.view(), x.view());
        CHECK(test::relative_error(got, y) < 0x1p-8);
        CHECK(test::relative_error(got_dx, dx) < 0x1p-8);
        CHECK(test::relative_error(got_dw, dw) < 1e-6);
    });
}

TEST_CASE("columns of wider matrices are operands and results like any other") {
    constexpr int tokens = 19, in = 70, out = 66;
    const auto wide_x = random_rows<float>(tokens, in + 9, 1);
    const auto x = wide_x.view().columns(5, in);
    const weight<> w(out, in, 2);
    guarded<float> y(tokens, out), wide(tokens, out + 20);
    op::linear(reference{}, y.view(), x, w.view());
    test::on_every_isa(2, [&](auto on) {
        test::fill(wide.view(), 7.0F);
        op::linear(on, wide.view().columns(11, out), x, w.view());
        CHECK(test::same_bits<float>(wide.view().columns(11, out), y.view()));
        for (int t = 0; t < tokens; ++t)
            for (int j = 0; j < out + 20; ++j)
                if (j < 11 || j >= 11 + out) CHECK(wide(t, j) == 7.0F);
    });
}

TEST_CASE("a NaN or an infinity reaches exactly what depends on it") {
    constexpr int tokens = 14, in = 33, out = 80;
    auto x = random_rows<float>(tokens, in, 1);
    x(3, 32) = test::poison<float>();
    x(9, 0) = std::numeric_limits<float>::infinity();
    const weight<> w(out, in, 2);
    test::on_every_isa(2, [&](auto on) {
        guarded<float> y(tokens, out);
        op::linear(on, y.view(), x, w.view());
        for (int t = 0; t < tokens; ++t)
            for (int o = 0; o < out; ++o) CHECK(std::isfinite(y(t, o)) == (t != 3 && t != 9));
    });
}

}  // namespace
