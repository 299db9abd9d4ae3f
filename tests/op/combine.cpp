// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/op/combine.cpu.hpp>
#include <moe/op/dispatch.hpp>
#include <moe/routing/route.hpp>
#include <moe/routing/top_k.hpp>

#include <vector>

namespace {

using namespace moe;
using test::guarded, test::random_rows;

constexpr int experts = 12;

// A plan from a router over random logits; every fifth token loses its first choice, the seventh
// all of them.
struct routed {
    std::vector<int> chosen, first, token, row;
    guarded<float> weight;
    dispatch_plan plan;

    routed(int tokens, int active, std::uint64_t seed, bool lossy)
        : chosen(std::size_t(tokens) * active),
          first(experts + 1),
          token(chosen.size()),
          row(chosen.size()),
          weight(tokens, active),
          plan{tokens, active, experts, chosen.data(), first.data(), token.data(), row.data()} {
        const auto logits = random_rows<float>(tokens, experts, seed);
        route<experts>(reference{}, chosen.data(), weight.view(), logits, nullptr,
                       sigmoid_top_k{.active = active, .scale = 2.5});
        for (int t = 0; t < tokens && lossy; ++t)
            for (int i = 0; i < active; ++i)
                if (t == 7 || (t % 5 == 0 && i == 0)) chosen[std::size_t(t * active + i)] = -1;
        op::plan_dispatch(reference{}, plan);
    }
};

TEST_CASE("through experts that change nothing, a token comes back times its weights' sum") {
    const routed r(20, 3, 1, false);
    const auto x = random_rows<double>(20, 9, 2);
    guarded<double> sent(60, 9), y(20, 9);
    for (int t = 0; t < 20; ++t)
        for (int i = 0; i < 3; ++i)
            for (int j = 0; j < 9; ++j)
                sent(r.row[std::size_t(3 * t + i)], j) = x(t, j) * r.weight(t, i);
    op::combine(reference{}, y.view(), sent, r.plan, experts);
    for (int t = 0; t < 20; ++t)
        for (int j = 0; j < 9; ++j) CHECK(y(t, j) == doctest::Approx(2.5 * x(t, j)).epsilon(1e-6));
}

// What the order of the sum is: visible in float when the parts differ much in size.
TEST_CASE("inside a group by expert, then over the groups") {
    std::vector<int> chosen = {0, 1, 2, 3}, first(5), token(4), row(4);
    const dispatch_plan plan{1, 4, 4, chosen.data(), first.data(), token.data(), row.data()};
    op::plan_dispatch(reference{}, plan);
    guarded<float> x(4, 1), y(1, 1);
    const float large = 0x1p24F;
    x(0, 0) = large, x(1, 0) = 1, x(2, 0) = 1, x(3, 0) = -large;
    const auto combined = [&](int experts_per_group) {
        op::combine(reference{}, y.view(), x, plan, experts_per_group);
        return y(0, 0);
    };
    CHECK(combined(4) == ((large + 1.0F) + 1.0F) - large);
    CHECK(combined(4) == 0);
    CHECK(combined(2) == (large + 1.0F) + (1.0F - large));
    CHECK(combined(2) == 1);
    CHECK(combined(1) == 0);
}

template <class T> void check_bits() {
    for (const int tokens : {0, 1, 9, 30})
        for (const int width : {1, 15, 16, 17, 63, 64, 65, 200})
            for (const int active : {1, 4}) {
                const routed r(tokens, active, std::uint64_t(width), true);
                const int rows_of = r.plan.by_expert().rows();
                const auto x = random_rows<T>(rows_of, width, 3);
                for (const int per_group : {1, 3, 12}) {
                    guarded<T> expected(tokens, width);
                    op::combine(reference{}, expected.view(), x, r.plan, per_group);
                    CHECK(test::all_finite(expected));
                    const auto also = random_rows<T>(tokens, width, 4);
                    guarded<T> with_also(tokens, width);
                    op::combine(reference{}, with_also.view(), x, r.plan, per_group, also);
                    if constexpr (std::is_same_v<T, float>)
                        for (int t = 0; t < tokens; ++t)
                            for (int j = 0; j < width; ++j)
                                CHECK(with_also(t, j) == also(t, j) + expected(t, j));
                    if (tokens > 7)
                        for (int j = 0; j < width; ++j) CHECK(expected(7, j) == 0);
                    test::on_every_isa(1 + tokens % 4, [&](auto on) {
                        guarded<T> y(tokens, width);
                        op::combine(on, y.view(), x, r.plan, per_group);
                        CHECK(test::same_bits(y, expected));
                        CHECK(y.intact());
                        // On top of what the token has already, in the same place or another.
                        guarded<T> sum = also, apart(tokens, width);
                        op::combine(on, sum.view(), x, r.plan, per_group, sum);
                        op::combine(on, apart.view(), x, r.plan, per_group, also);
                        CHECK(test::same_bits(sum, with_also));
                        CHECK(test::same_bits(apart, with_also));
                        CHECK((sum.intact() && apart.intact()));
                    });
                }
            }
    const routed r(50, 4, 5, true);
    const auto x = random_rows<T>(r.plan.by_expert().rows(), 80, 3);
    guarded<T> expected(50, 80);
    op::combine(reference{}, expected.view(), x, r.plan, 4);
    test::on_every_machine([&](auto on) {
        guarded<T> y(50, 80);
        op::combine(on, y.view(), x, r.plan, 4);
        CHECK(test::same_bits(y, expected));
    });
}
TEST_CASE("the CPU has the bits of the specification, for every width and any number of threads") {
    check_bits<float>();
    check_bits<bfloat16>();
}

}  // namespace
