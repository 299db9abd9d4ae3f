// SPDX-License-Identifier: MIT
#include "tests/support/gradient.hpp"
#include "tests/support/machines.hpp"

#include <doctest/doctest.h>
#include <moe/op/gated_linear.hpp>

#include <vector>

namespace {

using namespace moe;
using test::guarded, test::random_rows, test::random_size;

// A stack of weights as layers hold it.
template <class T> struct stack {
    int count, out, in;
    guarded<wide<T>> w;
    guarded<T> packed, across;

    stack(int count, int out, int in, std::uint64_t seed)
        : count(count),
          out(out),
          in(in),
          w(count * out, in, 0),
          packed(1, count * int(packed_size<T>(out, in))),
          across(1, count * int(packed_size<T>(in, out))) {
        test::fill_random(w.view(), seed, 0.3);
        for (int e = 0; e < count; ++e)
            op::pack(reference{},
                     member_of(weight_copies<T>{packed.data(), across.data()}, e, out, in),
                     w.view().part(e * out, out));
    }
    matrices<T> view() const {
        if constexpr (std::is_same_v<T, wide<T>>)
            return {w.data(), packed.data(), count, out, in};
        else
            return {nullptr, packed.data(), count, out, in, across.data()};
    }
};

// Experts with these numbers of rows, drawn from some tokens, and all that passes through them.
template <class T> struct experts {
    std::vector<int> first{0}, index;
    int rows, width, pieces;
    stack<T> gate_of, up_of, down_of;
    guarded<T> x, dy, gate, up, h, dgate, dup, dx;
    guarded<wide<T>> weight, dweight, parts;
    bool weighted;

    experts(const std::vector<int>& sizes, int in, int width, bool weighted)
        : rows([&] {
              for (const int size : sizes) first.push_back(first.back() + size);
              return first.back();
          }()),
          width(width),
          pieces(op::swiglu_pieces(width)),
          gate_of(int(sizes.size()), width, in, 1),
          up_of(int(sizes.size()), width, in, 2),
          down_of(int(sizes.size()), in, width, 3),
          x(random_rows<T>(30, in, 4)),
          dy(random_rows<T>(30, in, 5)),
          gate(rows, width),
          up(rows, width),
          h(rows, width),
          dgate(rows, width),
          dup(rows, width),
          dx(rows, in),
          weight(random_rows<wide<T>>(1, rows, 6)),
          dweight(1, rows),
          parts(1, rows * pieces),
          weighted(weighted) {
        for (int r = 0; r < rows; ++r) index.push_back(random_size(0, 29, 7, std::uint64_t(r)));
    }
    groups by() const { return {first.data(), int(first.size()) - 1}; }
    const wide<T>* weights() const { return weighted ? weight.data() : nullptr; }
    op::gated_linear_of<T> forward() {
        return {h.view(),       gate.view(),  up.view(), {x.view(), index.data()},
                gate_of.view(), up_of.view(), weights(), by()};
    }
    op::gated_linear_back<T> backward() {
        return {dgate.view(),
                dup.view(),
                weighted ? dweight.data() : nullptr,
                {dy.view(), index.data()},
                gate.view(),
                up.view(),
                down_of.view(),
                weights(),
                by(),
                parts.data()};
    }
    op::gated_linear_back_input<T> backward_input() {
        return {dx.view(), dgate.view(), dup.view(), gate_of.view(), up_of.view(), by()};
    }
    bool intact() const {
        for (const auto* one : {&gate, &up, &h, &dgate, &dup, &dx})
            if (!one->intact()) return false;
        return dweight.intact() && parts.intact();
    }
};

TEST_CASE("the gradients of experts are their derivatives") {
    for (const bool weighted : {false, true}) {
        experts<double> a({2, 0, 3}, 4, 5, weighted);
        guarded<double> y(a.rows, 4), picked_dy(a.rows, 4), x_rows(a.rows, 4);
        for (int r = 0; r < a.rows; ++r) {
            test::copy(picked_dy.view().part(r, 1), a.dy.view().part(a.index[std::size_t(r)], 1));
            test::copy(x_rows.view().part(r, 1), a.x.view().part(a.index[std::size_t(r)], 1));
        }
        const auto value = [&] {
            auto forward = a.forward();
            forward.x = x_rows.view();
            op::gated_linear(reference{}, forward);
            op::grouped_linear(reference{}, y.view(), a.h.view(), a.down_of.view(), a.by());
            return test::inner_product(y.view(), picked_dy.view());
        };
        value();
        op::gated_linear_backward(reference{}, a.backward());
        op::gated_linear_backward_input(reference{}, a.backward_input());
        CHECK(test::gradient_error(x_rows.view(), a.dx, value) < 1e-9);
        if (weighted) CHECK(test::gradient_error(a.weight.view(), a.dweight, value) < 1e-9);
    }
}

TEST_CASE("the way back of experts is that of the products and of swiglu between them") {
    experts<double> a({3, 1}, 6, 70, true);
    op::gated_linear(reference{}, a.forward());
    op::gated_linear_backward(reference{}, a.backward());
    guarded<double> dh(a.rows, 70), dgate(a.rows, 70), dup(a.rows, 70), dweight(1, a.rows);
    op::grouped_linear_backward_input(reference{}, dh.view(), {a.dy.view(), a.index.data()},
                                      a.down_of.view(), a.by());
    op::swiglu_backward(reference{}, dgate.view(), dup, dweight.data(), dh, a.gate, a.up,
                        a.weight.data());
    CHECK(test::same_bits(dgate, a.dgate));
    CHECK(test::same_bits(dup, a.dup));
    CHECK(test::same_bits(dweight, a.dweight));
}

// Two kinds of experts from one list, on every machine.
template <class T> void check_machines() {
    const std::vector<int> none{0, 0}, some{5, 0, 33, 1}, many{200, 3, 20};
    for (const auto& sizes : {none, some, many})
        for (const auto& [in, width] : {std::pair(5, 3), std::pair(70, 96), std::pair(300, 520)}) {
            CAPTURE(sizes[0]);
            CAPTURE(width);
            const auto run = [&](auto on, auto& routed, auto& shared) {
                op::gated_linear(on, routed.forward(), shared.forward());
                op::gated_linear_backward(on, routed.backward(), shared.backward());
                op::gated_linear_backward_input(on, routed.backward_input(),
                                                shared.backward_input());
            };
            experts<T> routed(sizes, in, width, true), shared({30}, in, width / 2 + 1, false);
            run(reference{}, routed, shared);
            guarded<float> sums = routed.dweight;
            bool first = true;
            for (const int threads : {1, 3})
                test::on_every_isa(threads, [&](auto on) {
                    experts<T> a(sizes, in, width, true), b({30}, in, width / 2 + 1, false);
                    run(on, a, b);
                    for (auto [got, expected] : {std::pair(&a, &routed), std::pair(&b, &shared)}) {
                        CHECK(test::same_bits(got->gate, expected->gate));
                        CHECK(test::same_bits(got->up, expected->up));
                        CHECK(test::same_bits(got->h, expected->h));
                        CHECK(test::same_bits(got->dgate, expected->dgate));
                        CHECK(test::same_bits(got->dup, expected->dup));
                        CHECK(test::same_bits(got->dx, expected->dx));
                        CHECK(got->intact());
                    }
                    // Sums over columns: lanes add in another order than the specification.
                    CHECK(test::relative_error(a.dweight, routed.dweight) < 1e-5);
                    CHECK((first || test::same_bits(a.dweight, sums)));
                    first = false;
                    sums = a.dweight;
                });
        }
}
TEST_CASE("on the CPU experts have the bits of their specification") {
    check_machines<float>();
    check_machines<bfloat16>();
}

}  // namespace
