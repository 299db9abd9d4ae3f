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

// A weight as layers hold it: rows without gaps, with a packed copy behind it if wanted.
struct weight {
    guarded<float> w, packed;

    weight(int out, int in, std::uint64_t seed) : w(out, in, 0), packed(1, out * in) {
        test::fill_random(w.view(), seed);
        op::pack(reference{}, packed.data(), w);
    }
    matrix<float> view(bool with_packed = true) const {
        const rows<const float> at = w;
        return {at.at, with_packed ? packed.data() : nullptr, at.count, at.width};
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
    test::copy<double>(packed_rows.view(), w);
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
        const weight w(s.out, s.in, 4);
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

TEST_CASE("columns of wider matrices are operands and results like any other") {
    constexpr int tokens = 19, in = 70, out = 66;
    const auto wide_x = random_rows<float>(tokens, in + 9, 1);
    const auto x = wide_x.view().columns(5, in);
    const weight w(out, in, 2);
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
    const weight w(out, in, 2);
    test::on_every_isa(2, [&](auto on) {
        guarded<float> y(tokens, out);
        op::linear(on, y.view(), x, w.view());
        for (int t = 0; t < tokens; ++t)
            for (int o = 0; o < out; ++o) CHECK(std::isfinite(y(t, o)) == (t != 3 && t != 9));
    });
}

}  // namespace
