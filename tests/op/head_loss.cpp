// SPDX-License-Identifier: MIT
#include "tests/support/gradient.hpp"
#include "tests/support/machines.hpp"

#include <doctest/doctest.h>
#include <moe/op/head_loss.hpp>
#include <moe/op/pack.hpp>

#include <utility>
#include <vector>

namespace {

using namespace moe;
using std::as_const;
using test::guarded, test::random_rows, test::random_size;

template <class T> struct problem {
    guarded<T> x;
    guarded<wide<T>> w;
    guarded<T> packed, across;
    std::vector<int> targets;

    problem(int tokens, int hidden, int vocabulary, double deviation = 1)
        : x(random_rows<T>(tokens, hidden, 1)),
          w(vocabulary, hidden, 0),
          packed(1, int(packed_size<T>(vocabulary, hidden))),
          across(1, int(packed_size<T>(hidden, vocabulary))) {
        test::fill_random(w.view(), 2, deviation);
        pack();
        // Every fifth position is padding.
        for (int t = 0; t < tokens; ++t)
            targets.push_back(t % 5 == 3 ? -1
                                         : random_size(0, vocabulary - 1, 3, std::uint64_t(t)));
    }
    void pack() { op::pack(reference{}, weight_copies<T>{packed.data(), across.data()}, w.view()); }
    int tokens() const { return x.view().count; }
    int hidden() const { return x.view().width; }
    int vocabulary() const { return w.view().count; }
    matrix<T> head() const {
        if constexpr (std::is_same_v<T, wide<T>>)
            return {w.data(), packed.data(), vocabulary(), hidden()};
        else
            return {nullptr, packed.data(), vocabulary(), hidden(), across.data()};
    }
};

// What a pass leaves: losses and gradients, all poison before but dw.
template <class T> struct result {
    guarded<wide<T>> losses, dw, scratch;
    guarded<T> dx, narrow;

    result(const problem<T>& p, int chunk)
        : losses(1, p.tokens(), 0),
          dw(p.vocabulary(), p.hidden()),
          scratch(chunk, p.vocabulary()),
          dx(p.tokens(), p.hidden()),
          narrow(chunk, p.vocabulary()) {
        test::fill_random(dw.view(), 4);
    }
    // With floats the logits' gradient takes their place, or another: that cannot matter.
    void backward(auto on, const problem<T>& p, wide<T> scale) {
        auto of_logits = narrow.view();
        if constexpr (std::is_same_v<T, wide<T>>)
            if (p.tokens() % 2) of_logits = scratch.view();
        op::head_loss_backward(on, losses.data(), dx.view(), dw.view(), p.x, p.head(),
                               p.targets.data(), scale, scratch.view(), of_logits);
        CHECK(losses.intact());
        CHECK(dx.intact());
        CHECK(dw.intact());
        CHECK((scratch.intact() && narrow.intact()));
    }
};

TEST_CASE("the loss is the negative logarithm of the target's probability") {
    const problem<double> p(7, 5, 9);
    result<double> got(p, 3);
    op::head_loss(reference{}, got.losses.data(), as_const(p.x).view(), p.head(), p.targets.data(),
                  got.scratch.view());
    for (int t = 0; t < p.tokens(); ++t) {
        const int target = p.targets[std::size_t(t)];
        double all = 0, wanted = 0;
        for (int v = 0; v < p.vocabulary(); ++v) {
            double logit = 0;
            for (int i = 0; i < p.hidden(); ++i) logit += p.x(t, i) * p.w(v, i);
            all += std::exp(logit);
            if (v == target) wanted = std::exp(logit);
        }
        const double expected = target < 0 ? 0 : -std::log(wanted / all);
        CHECK(got.losses(0, t) == doctest::Approx(expected).epsilon(1e-12));
    }
}

TEST_CASE("the gradients of the head are the loss's derivatives") {
    problem<double> p(7, 4, 6);
    result<double> got(p, 3), other(p, 7);
    test::fill(got.dw.view(), 0.0);
    got.backward(reference{}, p, 0.25);
    const auto loss = [&] {
        op::head_loss(reference{}, other.losses.data(), as_const(p.x).view(), p.head(),
                      p.targets.data(), other.scratch.view());
        double sum = 0;
        for (int t = 0; t < p.tokens(); ++t) sum += other.losses(0, t);
        return 0.25 * sum;
    };
    CHECK(test::gradient_error(p.x.view(), got.dx, loss) < 1e-9);
    CHECK(test::gradient_error(p.w.view(), got.dw, loss) < 1e-9);
    CHECK(loss() == doctest::Approx(0.25 * [&] {
              double sum = 0;
              for (int t = 0; t < p.tokens(); ++t) sum += got.losses(0, t);
              return sum;
          }()));
}

template <class T> void check_machines(double tolerance, double of_losses) {
    struct shape {
        int tokens, hidden, vocabulary;
    };
    for (const shape s : {shape{0, 8, 8},
                          {1, 1, 1},
                          {1, 5, 1000},
                          {23, 33, 70},
                          {64, 48, 256},
                          {37, 64, 15},
                          {90, 40, 333}}) {
        CAPTURE(s.tokens);
        CAPTURE(s.vocabulary);
        const problem<T> p(s.tokens, s.hidden, s.vocabulary, 0.3);
        problem<double> exact(s.tokens, s.hidden, s.vocabulary, 0.3);
        if constexpr (!std::is_same_v<T, float>) {  // the same numbers
            test::copy(exact.x.view(), p.x.view());
            for (int v = 0; v < s.vocabulary; ++v)
                for (int i = 0; i < s.hidden; ++i) exact.w(v, i) = double(T(p.w(v, i)));
            exact.pack();
        }
        result<double> expected(exact, 16);
        expected.backward(reference{}, exact, 0.125);
        result<T> first(p, 16);
        first.backward(cpu_on<isa::generic>{&test::pool_of(1)}, p, 0.125F);
        CHECK(test::relative_error(first.losses, expected.losses) < of_losses);
        CHECK(test::relative_error(first.dx, expected.dx) < tolerance);
        CHECK(test::relative_error(first.dw, expected.dw) < tolerance);
        test::on_every_machine([&](auto on) {
            for (const int chunk : {16, std::is_same_v<T, float> ? 1 : 2, 200}) {
                result<T> got(p, chunk);
                got.backward(on, p, 0.125F);
                CHECK(test::same_bits(got.losses, first.losses));
                CHECK(test::same_bits(got.dx, first.dx));
                CHECK(test::same_bits(got.dw, first.dw));
                result<T> forward(p, chunk);
                op::head_loss(on, forward.losses.data(), as_const(p.x).view(), p.head(),
                              p.targets.data(), forward.scratch.view());
                CHECK(test::same_bits(forward.losses, first.losses));
            }
        });
    }
}
TEST_CASE("on the CPU the head agrees with its specification, and with itself in every bit") {
    check_machines<float>(1e-5, 1e-5);
    check_machines<bfloat16>(6e-3, 1e-5);
}

TEST_CASE("logits far from zero neither overflow nor lose the loss") {
    problem<float> p(2, 1, 40);
    for (int v = 0; v < 40; ++v) p.w(v, 0) = v == 17 ? 500.0F : 400.0F;
    p.pack();
    p.x(0, 0) = p.x(1, 0) = 1;
    p.targets = {17, 3};
    test::on_every_isa(2, [&](auto on) {
        result<float> got(p, 2);
        got.backward(on, p, 1.0F);
        CHECK(got.losses(0, 0) == doctest::Approx(0.0));
        CHECK(got.losses(0, 1) == doctest::Approx(100.0));
        CHECK(test::all_finite(got.dx));
    });
}

TEST_CASE("a NaN among the logits is a NaN loss of every token that sees it") {
    for (const int row : {0, 20, 49}) {
        problem<float> p(6, 8, 50);
        p.w(row, 2) = test::poison<float>();
        p.pack();
        test::on_every_isa(2, [&](auto on) {
            result<float> got(p, 4);
            got.backward(on, p, 1.0F);
            for (int t = 0; t < 6; ++t)
                CHECK(std::isnan(got.losses(0, t)) == (p.targets[std::size_t(t)] >= 0));
        });
    }
}

}  // namespace
