// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/op/adamw_step.cpu.hpp>

#include <limits>
#include <tuple>

namespace {

using namespace moe;
using test::guarded, test::random_rows;

constexpr adamw_numbers some{.rate = 0.01,
                             .beta1 = 0.9,
                             .beta2 = 0.95,
                             .epsilon = 1e-8,
                             .decay = 0.1,
                             .correction1 = 0.271,
                             .correction2 = 0.142625,
                             .clip = 0.5};

// G: of the gradient
template <class T, class G = T> struct tensors {
    guarded<T> w;
    guarded<G> g;
    guarded<T> m, v;

    tensors(int count, int width, std::uint64_t seed)
        : w(random_rows<T>(count, width, seed)),
          g(random_rows<G>(count, width, seed + 1, 0.1)),
          m(random_rows<T>(count, width, seed + 2, 0.1)),
          v(random_rows<T>(count, width, seed + 3, 0.1)) {
        for (int i = 0; i < count; ++i)
            for (int j = 0; j < width; ++j) v(i, j) *= v(i, j);
    }
    bool intact() const { return w.intact() && g.intact() && m.intact() && v.intact(); }
    bool operator==(const tensors& o) const {
        return test::same_bits(w, o.w) && test::same_bits(g, o.g) && test::same_bits(m, o.m) &&
               test::same_bits(v, o.v);
    }
};

template <class T> void follows_the_formula(double tolerance) {
    tensors<T> x(6, 5, 1);
    const tensors<T> before = x;
    op::adamw_step(reference{}, x.w.view(), x.g.view(), x.m, x.v, some, weight_copies<T>{}, 6);
    for (int i = 0; i < 6; ++i)
        for (int j = 0; j < 5; ++j) {
            const double g = some.clip * before.g(i, j);
            const double m = 0.9 * before.m(i, j) + 0.1 * g;
            const double v = 0.95 * before.v(i, j) + 0.05 * g * g;
            const double step = m / 0.271 / (std::sqrt(v / 0.142625) + 1e-8);
            const double w = before.w(i, j) - 0.01 * (step + 0.1 * before.w(i, j));
            CHECK(x.m(i, j) == doctest::Approx(m).epsilon(tolerance));
            CHECK(x.v(i, j) == doctest::Approx(v).epsilon(tolerance));
            CHECK(x.w(i, j) == doctest::Approx(w).epsilon(tolerance));
            CHECK(x.g(i, j) == 0);
        }
    CHECK(x.intact());
}

TEST_CASE("a step is that of the formula, and leaves the gradient zero") {
    follows_the_formula<double>(1e-13);
    follows_the_formula<float>(1e-5);
}

TEST_CASE("without a gradient only the decay acts") {
    tensors<double> x(2, 3, 1);
    for (auto* zero : {&x.g, &x.m, &x.v}) test::fill(zero->view(), 0.0);
    const tensors<double> before = x;
    op::adamw_step(reference{}, x.w.view(), x.g.view(), x.m, x.v, some, weight_copies<double>{}, 2);
    for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 3; ++j)
            CHECK(x.w(i, j) == doctest::Approx(0.999 * before.w(i, j)).epsilon(1e-14));
}

TEST_CASE("the first step moves every weight by the rate, whatever the gradient's size") {
    for (const double size : {1e-4, 1.0, 1e4}) {
        tensors<double> x(1, 8, 1);
        test::fill(x.g.view(), size);
        test::fill(x.m.view(), 0.0);
        test::fill(x.v.view(), 0.0);
        const tensors<double> before = x;
        op::adamw_step(reference{}, x.w.view(), x.g.view(), x.m, x.v,
                       {.rate = 0.01,
                        .beta1 = 0.9,
                        .beta2 = 0.95,
                        .epsilon = 1e-8,
                        .correction1 = 0.1,
                        .correction2 = 0.05},
                       weight_copies<double>{}, 1);
        for (int j = 0; j < 8; ++j)
            CHECK(before.w(0, j) - x.w(0, j) == doctest::Approx(0.01).epsilon(1e-3));
    }
}

// G: of the gradient; P: of the packed copies
template <class G, class P>
void same_bits_and_packed(int stack, int matrix_rows, int width, auto&& machines) {
    const int count = stack * matrix_rows;
    const int size = stack * int(packed_size<P>(matrix_rows, width));
    const int size_across = stack * int(packed_size<P>(width, matrix_rows));
    using problem = tensors<float, G>;
    const auto step = [&](auto on, problem& x, weight_copies<P> copies) {
        op::adamw_step(on, x.w.view(), x.g.view(), x.m, x.v, some, copies, matrix_rows);
    };
    problem expected(count, width, 5);
    const problem before = expected;
    guarded<P> packed(1, size), across(1, size_across);
    step(reference{}, expected, {packed.data(), across.data()});
    guarded<P> packed_afterwards(1, size), across_afterwards(1, size_across);
    for (int s = 0; s < stack; ++s)
        op::pack(reference{},
                 member_of(weight_copies<P>{packed_afterwards.data(), across_afterwards.data()}, s,
                           matrix_rows, width),
                 expected.w.view().part(s * matrix_rows, matrix_rows));
    CHECK(test::same_bits(packed, packed_afterwards));
    CHECK(test::same_bits(across, across_afterwards));
    CHECK(expected.intact());
    machines([&](auto on) {
        problem x = before, unpacked = before;
        guarded<P> got(1, size), got_across(1, size_across);
        step(on, x, {got.data(), got_across.data()});
        CHECK((x.intact() && got.intact() && got_across.intact()));
        CHECK(x == expected);
        CHECK(test::same_bits(got, packed));
        CHECK(test::same_bits(got_across, across));
        step(on, unpacked, {});
        CHECK(unpacked == expected);
    });
}
template <class G, class P> void check_shapes() {
    for (const auto& [stack, matrix_rows, width] :
         {std::tuple(0, 4, 5), std::tuple(1, 1, 1), std::tuple(1, 1, 200), std::tuple(1, 70, 31),
          std::tuple(3, 64, 16), std::tuple(2, 130, 257), std::tuple(5, 3, 300),
          std::tuple(1, 63, 128)})
        same_bits_and_packed<G, P>(stack, matrix_rows, width,
                                   [](const auto& work) { test::on_every_isa(3, work); });
    same_bits_and_packed<G, P>(2, 100, 260, [](const auto& work) { test::on_every_machine(work); });
}

TEST_CASE("the CPU has the bits of the specification, and packs what it wrote") {
    check_shapes<float, float>();
    check_shapes<float, bfloat16>();
    check_shapes<bfloat16, bfloat16>();
}

TEST_CASE("moments that fade away become zero instead of subnormal") {
    test::on_every_isa(1, [&](auto on) {
        tensors<float> x(1, 20, 1);
        const auto set = [](guarded<float>& to, float value) { test::fill(to.view(), value); };
        set(x.g, 0);
        set(x.m, 1.3e-38F);  // times 0.9: below the smallest normal number
        set(x.v, 1e-40F);
        op::adamw_step(on, x.w.view(), x.g.view(), x.m, x.v, some, weight_copies<float>{}, 1);
        for (int j = 0; j < 20; ++j) CHECK((x.m(0, j) == 0 && x.v(0, j) == 0));
    });
}

TEST_CASE("a gradient of NaN is not lost") {
    test::on_every_isa(1, [&](auto on) {
        tensors<float> x(1, 20, 1);
        x.g(0, 17) = std::numeric_limits<float>::quiet_NaN();
        op::adamw_step(on, x.w.view(), x.g.view(), x.m, x.v, some, weight_copies<float>{}, 1);
        for (int j = 0; j < 20; ++j) CHECK(std::isnan(x.w(0, j)) == (j == 17));
    });
}

}  // namespace
