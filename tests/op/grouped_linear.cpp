// SPDX-License-Identifier: MIT
#include "tests/support/gradient.hpp"
#include "tests/support/machines.hpp"

#include <doctest/doctest.h>
#include <moe/op/grouped_linear.hpp>
#include <moe/op/linear.hpp>
#include <moe/op/pack.hpp>

#include <vector>

namespace {

using namespace moe;
using test::guarded, test::random_rows, test::random_size;

// Experts with these numbers of rows, in and out columns, and an index that draws each row from a
// pool of tokens: some of them several times, some never.
template <class T> struct experts {
    std::vector<int> first{0}, index;
    int count, rows, in, out, tokens = 40;
    guarded<moe::wide<T>> w;
    guarded<T> packed, across;

    experts(const std::vector<int>& sizes, int in, int out, std::uint64_t seed)
        : count(int(sizes.size())),
          in(in),
          out(out),
          w(count * out, in, 0),
          packed(1, count * int(packed_size<T>(out, in))),
          across(1, count * int(packed_size<T>(in, out))) {
        for (const int size : sizes) first.push_back(first.back() + size);
        rows = first.back();
        for (int r = 0; r < rows; ++r)
            index.push_back(random_size(0, tokens - 1, seed, std::uint64_t(r)));
        test::fill_random(w.view(), seed);
        for (int e = 0; e < count; ++e) {
            const weight_copies<T> copies{packed.data() + e * packed_size<T>(out, in),
                                          across.data() + e * packed_size<T>(in, out)};
            op::pack(reference{}, copies, w.view().part(e * out, out));
        }
    }
    groups by_expert() const { return {first.data(), count}; }
    matrices<T> weights(bool with_packed = true) const {
        if constexpr (std::is_same_v<T, bfloat16>)
            return {nullptr, packed.data(), count, out, in, across.data()};
        else
            return {w.data(), with_packed ? packed.data() : nullptr, count, out, in};
    }
    // The rows of one expert in a matrix of all rows.
    template <class U> moe::rows<U> of(int e, moe::rows<U> all) const {
        return all.part(first[std::size_t(e)], first[std::size_t(e) + 1] - first[std::size_t(e)]);
    }
};

template <class T> guarded<T> gathered(moe::rows<const T> from, const std::vector<int>& index) {
    guarded<T> all(int(index.size()), from.width);
    for (int r = 0; r < int(index.size()); ++r)
        test::copy(all.view().part(r, 1), from.part(index[std::size_t(r)], 1));
    return all;
}

TEST_CASE("grouped products are the products of each expert on its rows") {
    const experts<double> x({3, 0, 1, 5}, 6, 4, 1);
    const auto tokens = random_rows<double>(x.tokens, x.in, 2);
    const auto dy = random_rows<double>(x.rows, x.out, 3);
    const auto all = gathered<double>(tokens, x.index);
    guarded<double> y(x.rows, x.out), dx(x.rows, x.in), dw(x.count * x.out, x.in);
    test::fill(dw.view(), 1.0);
    op::grouped_linear(reference{}, y.view(), {tokens, x.index.data()}, x.weights(), x.by_expert());
    op::grouped_linear_backward_input(reference{}, dx.view(), dy.view(), x.weights(),
                                      x.by_expert());
    op::grouped_linear_backward_weight(reference{}, dw.view(), picked(dy.view()),
                                       {tokens, x.index.data()}, x.by_expert());
    guarded<double> one_y(x.rows, x.out), one_dx(x.rows, x.in), one_dw(x.count * x.out, x.in);
    test::fill(one_dw.view(), 1.0);
    for (int e = 0; e < x.count; ++e) {
        const auto w = x.weights()[e];
        op::linear(reference{}, x.of(e, one_y.view()), x.of(e, all.view()), w);
        op::linear_backward_input(reference{}, x.of(e, one_dx.view()), x.of(e, dy.view()), w);
        op::linear_backward_weight(reference{}, one_dw.view().part(e * x.out, x.out),
                                   x.of(e, dy.view()), x.of(e, all.view()));
    }
    CHECK(test::same_bits(y, one_y));
    CHECK(test::same_bits(dx, one_dx));
    CHECK(test::same_bits(dw, one_dw));
    CHECK(y.intact());
    CHECK(dx.intact());
    CHECK(dw.intact());
}

TEST_CASE("the gradients of grouped products are their derivatives") {
    experts<double> x({2, 0, 3}, 4, 3, 1);
    auto in = random_rows<double>(x.rows, x.in, 2);
    const auto dy = random_rows<double>(x.rows, x.out, 3);
    guarded<double> y(x.rows, x.out), dx(x.rows, x.in), dw(x.count * x.out, x.in);
    test::fill(dw.view(), 0.0);
    const groups g = x.by_expert();
    op::grouped_linear_backward_input(reference{}, dx.view(), dy.view(), x.weights(), g);
    op::grouped_linear_backward_weight(reference{}, dw.view(), picked(dy.view()), in.view(), g);
    const auto loss = [&] {
        op::grouped_linear(reference{}, y.view(), in.view(), x.weights(), g);
        return test::inner_product<const double, const double>(y, dy);
    };
    CHECK(test::gradient_error(in.view(), dx, loss) < 1e-9);
    CHECK(test::gradient_error(x.w.view(), dw, loss) < 1e-9);
}

// All three products on every machine, with both operands picked or both in place.
template <class T, class G>
void check_bits(const std::vector<int>& sizes, int in, int out, bool picks) {
    const experts<T> x(sizes, in, out, 1);
    const groups g = x.by_expert();
    const int* const index = picks ? x.index.data() : nullptr;
    const int from = picks ? x.tokens : x.rows;
    const auto tokens = random_rows<T>(from, in, 2), dy = random_rows<T>(from, out, 3);
    const auto before = random_rows<G>(x.count * out, in, 4);
    guarded<T> y(x.rows, out), dx(x.rows, in);
    guarded<G> dw(before);
    const picked<T> picked_dy(dy.view(), index);
    op::grouped_linear(reference{}, y.view(), {tokens, index}, x.weights(), g);
    op::grouped_linear_backward_input(reference{}, dx.view(), picked_dy, x.weights(), g);
    op::grouped_linear_backward_weight(reference{}, dw.view(), picked_dy, {tokens, index}, g);
    CHECK(test::all_finite(y));
    test::on_every_machine([&](auto on) {
        for (const bool packed : {true, false}) {
            // Room for more rows than there are: what is behind the last expert stays untouched.
            guarded<T> got(x.rows + 2, out);
            op::grouped_linear(on, got.view(), {tokens, index}, x.weights(packed), g);
            CHECK(test::same_bits<T>(got.view().part(0, x.rows), y.view()));
            CHECK(test::same_bits(got(x.rows, 0), test::poison<T>()));
            CHECK(test::same_bits(got(x.rows + 1, out - 1), test::poison<T>()));
            CHECK(got.intact());
        }
        guarded<T> got_dx(x.rows, in);
        guarded<G> got_dw(before);
        op::grouped_linear_backward_input(on, got_dx.view(), picked_dy, x.weights(), g);
        op::grouped_linear_backward_weight(on, got_dw.view(), picked_dy, {tokens, index}, g);
        CHECK(test::same_bits(got_dx, dx));
        CHECK(test::same_bits(got_dw, dw));
        CHECK(got_dx.intact());
        CHECK(got_dw.intact());
    });
}

template <class T, class G> void check_shapes() {
    for (const bool picks : {false, true}) {
        CAPTURE(picks);
        check_bits<T, G>({0}, 8, 8, picks);
        check_bits<T, G>({0, 0, 0}, 5, 7, picks);
        check_bits<T, G>({1}, 1, 1, picks);
        check_bits<T, G>({0, 1, 0, 7, 24, 0}, 64, 64, picks);
        // more rows than one cut of a weight gradient
        check_bits<T, G>({290, 3}, 40, 96, picks);
        check_bits<T, G>({5, 70, 2}, 20, 530, picks);
        check_bits<T, G>({9, 40}, 600, 33, picks);
        for (std::uint64_t i = 0; i < 6; ++i) {
            std::vector<int> sizes(std::size_t(random_size(1, 9, 5, i)));
            for (std::size_t e = 0; e < sizes.size(); ++e)
                sizes[e] = larger(0, random_size(-10, 40, 6 + i, e));
            check_bits<T, G>(sizes, random_size(1, 140, 7, i), random_size(1, 140, 8, i), picks);
        }
    }
}
TEST_CASE("on the CPU grouped products have the bits of their specification") {
    check_shapes<float, float>();
}
TEST_CASE("and so they have in bfloat16") {
    check_shapes<bfloat16, float>();
    check_shapes<bfloat16, bfloat16>();
}

}  // namespace
