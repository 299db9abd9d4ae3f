// SPDX-License-Identifier: MIT
#include "tests/support/gradient.hpp"
#include "tests/support/machines.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/routing/expert_choice.hpp>
#include <moe/routing/route.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace {

using namespace moe;

// By sorting: each expert's best tokens, then of each token its best experts.
template <int Experts>
std::vector<int> by_sorting(const expert_choice& policy, rows<const float> logits) {
    const int tokens = logits.count;
    const int wanted = std::min(tokens, (tokens * policy.capacity + Experts - 1) / Experts);
    std::vector<float> p(std::size_t(tokens) * Experts);
    for (int t = 0; t < tokens; ++t) policy.affinities<Experts>(p.data() + t * Experts, logits[t]);
    std::vector<std::vector<int>> of_token(static_cast<std::size_t>(tokens));
    for (int e = 0; e < Experts; ++e) {
        std::vector<int> order(static_cast<std::size_t>(tokens));
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.end(),
                         [&](int a, int b) { return p[a * Experts + e] > p[b * Experts + e]; });
        for (int i = 0; i < wanted; ++i) of_token[order[i]].push_back(e);
    }
    std::vector<int> chosen;
    for (int t = 0; t < tokens; ++t) {
        auto& list = of_token[t];
        std::stable_sort(list.begin(), list.end(),
                         [&](int a, int b) { return p[t * Experts + a] > p[t * Experts + b]; });
        list.resize(std::size_t(policy.active), -1);
        std::sort(list.begin(), list.end(), [](int a, int b) { return unsigned(a) < unsigned(b); });
        chosen.insert(chosen.end(), list.begin(), list.end());
    }
    return chosen;
}

template <int Experts> void same_as_sorting(expert_choice policy, int sequences, int length) {
    const auto logits = test::random_rows<float>(sequences * length, Experts, 11, 2.0);
    std::vector<int> expected;
    for (int s = 0; s < sequences; ++s) {
        const auto one = by_sorting<Experts>(policy, logits.view().part(s * length, length));
        expected.insert(expected.end(), one.begin(), one.end());
    }
    test::on_every_machine([&](auto on) {
        std::vector<int> chosen(expected.size(), -7);
        test::guarded<float> weight(sequences * length, policy.active);
        route<Experts>(on, chosen.data(), weight.view(), logits, nullptr, policy,
                       routed_text{.length = length});
        CHECK(chosen == expected);
        for (int t = 0; t < sequences * length; ++t) {
            float p[Experts];
            policy.affinities<Experts>(p, logits.view()[t]);
            for (int i = 0; i < policy.active; ++i) {
                const int e = chosen[std::size_t(t * policy.active + i)];
                CHECK(weight(t, i) ==
                      doctest::Approx(e < 0 ? 0 : policy.scale * p[e]).epsilon(1e-5));
            }
        }
        CHECK(weight.intact());
    });
}

TEST_CASE("each expert takes its best tokens, each token keeps its best experts") {
    same_as_sorting<8>({.active = 8, .capacity = 2, .leaks_future = true}, 3, 16);
    same_as_sorting<8>({.active = 2, .capacity = 2, .leaks_future = true}, 2, 33);
    same_as_sorting<5>({.active = 3, .capacity = 3, .scale = 2, .leaks_future = true}, 2, 7);
    same_as_sorting<16>({.active = 1, .capacity = 1, .leaks_future = true}, 1, 40);
    same_as_sorting<4>({.active = 4, .capacity = 1, .leaks_future = true}, 2, 1);
}

TEST_CASE("every expert has the same load, and sequences do not see each other") {
    const expert_choice policy{.active = 8, .capacity = 2, .leaks_future = true};
    auto logits = test::random_rows<float>(64, 8, 4);
    std::vector<int> chosen(512), again(512);
    test::guarded<float> weight(64, 8);
    const auto choose = [&](std::vector<int>& into) {
        route<8>(reference{}, into.data(), weight.view(), logits, nullptr, policy,
                 routed_text{.length = 32});
    };
    choose(chosen);
    for (int e = 0; e < 8; ++e)
        CHECK(std::count(chosen.begin(), chosen.begin() + 256, e) == 32 * 2 / 8);
    logits(40, 3) += 9;
    choose(again);
    CHECK(std::equal(chosen.begin(), chosen.begin() + 256, again.begin()));
    CHECK(!std::equal(chosen.begin() + 256, chosen.end(), again.begin() + 256));
}

TEST_CASE("equal tokens: the first ones are taken, and what is no number is taken") {
    const expert_choice policy{.active = 4, .capacity = 1, .leaks_future = true};
    test::guarded<float> logits(8, 4), weight(8, 4);
    test::fill(logits.view(), 0.5F);
    int chosen[32];
    policy.choose_sequence<4>(chosen, weight.view(), rows<const float>(logits.view()));
    for (int t = 0; t < 8; ++t)
        for (int i = 0; i < 4; ++i) CHECK(chosen[4 * t + i] == (t < 2 ? i : -1));
    for (int e = 0; e < 4; ++e) logits(5, e) = std::numeric_limits<float>::quiet_NaN();
    policy.choose_sequence<4>(chosen, weight.view(), rows<const float>(logits.view()));
    CHECK(chosen[4 * 5] == 0);
    CHECK(std::isnan(weight(5, 0)));
}

TEST_CASE("its gradient is the derivative with the choices held") {
    const expert_choice policy{.active = 3, .capacity = 2, .scale = 1.5, .leaks_future = true};
    auto logits = test::random_rows<double>(6, 4, 8);
    const auto pull = test::random_rows<double>(6, 3, 9);
    int chosen[18];
    test::guarded<double> weight(6, 3), dlogits(6, 4);
    const auto value = [&] {
        double sum = 0;
        for (int t = 0; t < 6; ++t) {
            double p[4];
            policy.affinities<4>(p, logits.view()[t]);
            for (int i = 0; i < 3; ++i)
                if (chosen[3 * t + i] >= 0) sum += pull(t, i) * policy.scale * p[chosen[3 * t + i]];
        }
        return sum;
    };
    policy.choose_sequence<4>(chosen, weight.view(), rows<const double>(logits.view()));
    route_backward<4>(reference{}, dlogits.view(), pull, logits, chosen, weight, policy);
    CHECK(test::gradient_error(logits.view(), dlogits.view(), value) < 1e-7);
}

}  // namespace
