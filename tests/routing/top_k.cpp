// SPDX-License-Identifier: MIT
#include "tests/support/gradient.hpp"
#include "tests/support/machines.hpp"

#include <doctest/doctest.h>
#include <moe/routing/top_k.hpp>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace {

using namespace moe;
using test::guarded, test::random_rows;

// Any of the two policies, for what is not a template.
struct rules {
    sigmoid_top_k numbers;
    bool is_sigmoid;

    rules(sigmoid_top_k policy) : numbers(policy), is_sigmoid(true) {}
    rules(softmax_top_k p)
        : numbers{p.active, p.groups, p.kept_groups, p.scale, p.renormalise}, is_sigmoid(false) {}
};

// The affinities s of the definition.
std::vector<double> affinity(rules policy, const double* logits, int experts) {
    std::vector<double> s(logits, logits + experts);
    const double top = *std::max_element(logits, logits + experts);
    double sum = 0;
    for (double& x : s) sum += x = policy.is_sigmoid ? 1 / (1 + std::exp(-x)) : std::exp(x - top);
    for (double& x : s) x /= policy.is_sigmoid ? 1 : sum;
    return s;
}

std::vector<int> best_of(const std::vector<double>& z, int wanted) {
    std::vector<int> order(z.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return z[a] > z[b]; });
    order.resize(std::size_t(wanted));
    std::sort(order.begin(), order.end());
    return order;
}

// Selection by sorting: groups by score, the others to minus infinity, then the experts. A group's
// sum is rounded as the type that the policy computes in: which of two is larger may hang on it.
template <class T> std::vector<int> chosen_by_sorting(rules policy, const std::vector<T>& z) {
    const auto [active, groups, kept, scale, renormalise] = policy.numbers;
    const int experts = int(z.size()), size = experts / groups;
    std::vector<double> score, masked(z.begin(), z.end());
    for (int g = 0; g < groups; ++g) {
        std::vector<T> of_group(z.begin() + g * size, z.begin() + (g + 1) * size);
        std::sort(of_group.rbegin(), of_group.rend());
        score.push_back(policy.is_sigmoid && size > 1 ? of_group[0] + of_group[1] : of_group[0]);
    }
    const std::vector<int> best = best_of(score, kept);
    for (int e = 0; e < experts; ++e)
        if (std::find(best.begin(), best.end(), e / size) == best.end())
            masked[e] = -std::numeric_limits<double>::infinity();
    return best_of(masked, active);
}

// The weights of given choices, as a smooth function of the affinities.
std::vector<double> weights_of(rules policy, const std::vector<double>& s,
                               const std::vector<int>& chosen) {
    double sum = 1e-20;
    for (const int e : chosen) sum += e < 0 ? 0 : s[e];
    if (!policy.numbers.renormalise) sum = 1;
    std::vector<double> weight;
    for (const int e : chosen) weight.push_back(e < 0 ? 0 : s[e] / sum * policy.numbers.scale);
    return weight;
}

void check_weights(rules policy, const double* logits, int experts, const std::vector<int>& chosen,
                   const std::vector<double>& weight, double tolerance) {
    const auto expected = weights_of(policy, affinity(policy, logits, experts), chosen);
    for (std::size_t i = 0; i < chosen.size(); ++i)
        CHECK(weight[i] == doctest::Approx(expected[i]).epsilon(tolerance));
    if (policy.numbers.renormalise)
        CHECK(std::accumulate(weight.begin(), weight.end(), 0.0) ==
              doctest::Approx(policy.numbers.scale).epsilon(tolerance));
}

template <int Experts, class T, class Policy>
void compare_choices(Policy policy, std::uint64_t seed, double tolerance) {
    for (int trial = 0; trial < 60; ++trial) {
        auto logits64 = random_rows<double>(1, Experts, seed + trial, 2.0);
        T logits[Experts], s[Experts];
        float bias[Experts];
        for (int e = 0; e < Experts; ++e) {
            // Every third trial has few different logits, hence ties.
            if (trial % 3 == 0) logits64(0, e) = std::round(logits64(0, e));
            logits[e] = T(logits64(0, e));
            // Biases of both signs, some larger than every affinity.
            bias[e] = float(int(random_below(9, seed, 5, trial * Experts + e)) - 6) *
                      (trial % 2 ? 0.25F : 2.0F);
        }
        if constexpr (std::is_same_v<Policy, sigmoid_top_k>)
            detail::sigmoids<isa::native, Experts>(s, logits);
        else
            detail::softmax<isa::native, Experts>(s, logits);
        for (const float* b : {static_cast<const float*>(nullptr), std::as_const(bias)}) {
            std::vector<T> z(s, s + Experts);
            for (int e = 0; b && e < Experts; ++e) z[e] += T(b[e]);
            std::vector<int> chosen(std::size_t(policy.active) + 1, -7);
            guarded<T> weight(1, policy.active);
            policy.template choose<Experts>(chosen.data(), weight.data(), logits, b);
            REQUIRE((chosen.back() == -7 && weight.intact()));
            chosen.pop_back();
            REQUIRE(chosen == chosen_by_sorting(policy, z));
            check_weights(policy, logits64.data(), Experts, chosen,
                          {weight.data(), weight.data() + policy.active}, tolerance);
        }
    }
}

template <class T, class Policy> void compare_all_choices(double tolerance) {
    compare_choices<1, T>(Policy{.active = 1}, 100, tolerance);
    compare_choices<8, T>(Policy{.active = 2, .renormalise = false}, 300, tolerance);
    compare_choices<12, T>(Policy{.active = 3, .groups = 6, .kept_groups = 3}, 400, tolerance);
    compare_choices<16, T>(Policy{.active = 2, .groups = 4, .kept_groups = 2, .scale = 2.5}, 500,
                           tolerance);
    compare_choices<16, T>(Policy{.active = 4, .groups = 16, .kept_groups = 5}, 600, tolerance);
    compare_choices<256, T>(Policy{.active = 8, .groups = 8, .kept_groups = 4, .scale = 2.5}, 800,
                            tolerance);
}

TEST_CASE("choices are those of sorting: ties, groups, biases of both signs") {
    compare_all_choices<float, sigmoid_top_k>(2e-6);
    compare_all_choices<double, sigmoid_top_k>(1e-13);
    compare_all_choices<float, softmax_top_k>(2e-6);
    compare_all_choices<double, softmax_top_k>(1e-13);
}

TEST_CASE("a weight keeps its affinity under a bias a billion times larger") {
    const float logits[4] = {-18, -19, 5, 6}, bias[4] = {12, 12, 0, 0};
    int chosen[2];
    float weight[2];
    sigmoid_top_k{.active = 2}.choose<4>(chosen, weight, logits, bias);
    CHECK((chosen[0] == 0 && chosen[1] == 1));
    CHECK(weight[0] == doctest::Approx(std::exp(1) / (1 + std::exp(1))).epsilon(1e-5));
    CHECK(weight[0] + weight[1] == doctest::Approx(1));
}

TEST_CASE("a router of NaN gives distinct experts and weights of NaN") {
    float logits[16];
    for (float& l : logits) l = std::numeric_limits<float>::quiet_NaN();
    const float bias[16] = {};
    const auto check = [&](auto policy) {
        int chosen[3];
        float weight[3];
        policy.template choose<16>(chosen, weight, logits, bias);
        CHECK((chosen[0] >= 0 && chosen[0] < chosen[1] && chosen[1] < chosen[2]));
        CHECK(chosen[2] < 16);
        for (const float w : weight) CHECK(std::isnan(w));
    };
    check(sigmoid_top_k{.active = 3, .groups = 4, .kept_groups = 2});
    check(softmax_top_k{.active = 3, .groups = 4, .kept_groups = 2});
}

template <int Experts, class Policy> void same_bits_on_every_isa(Policy policy) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const auto logits = random_rows<float>(1, Experts, seed, 3.0);
        const auto bias = random_rows<float>(1, Experts, seed + 50, 0.1);
        const auto before = random_rows<float>(1, Experts, seed + 90, 0.1);
        const auto dp = random_rows<float>(1, Experts, seed + 130);
        std::vector<float> first;
        test::on_every_isa(1, [&](auto on) {
            using isa = typename decltype(on)::instructions;
            std::vector<float> all(std::size_t(2 * policy.active + 2 * Experts));
            std::vector<int> chosen(std::size_t(policy.active));
            float* const weight = all.data();
            float* const p = weight + policy.active;
            float* const dlogits = p + Experts;
            policy.template choose<Experts, float, isa>(chosen.data(), weight, logits.data(),
                                                        bias.data());
            for (int i = 0; i < policy.active; ++i)
                all[std::size_t(policy.active + 2 * Experts + i)] = float(chosen[i]);
            policy.template affinities<Experts, float, isa>(p, logits.data());
            std::copy_n(before.data(), Experts, dlogits);
            policy.template affinities_backward<Experts, float, isa>(dlogits, dp.data(),
                                                                     logits.data(), p);
            if (first.empty()) first = all;
            CHECK(std::memcmp(first.data(), all.data(), all.size() * sizeof(float)) == 0);
        });
    }
}

TEST_CASE("every instruction set gives the same bits") {
    same_bits_on_every_isa<16>(sigmoid_top_k{.active = 2, .groups = 4, .kept_groups = 2});
    same_bits_on_every_isa<23>(sigmoid_top_k{.active = 3});
    same_bits_on_every_isa<16>(softmax_top_k{.active = 2});
    same_bits_on_every_isa<70>(softmax_top_k{.active = 4, .groups = 7, .kept_groups = 3});
}

template <int Experts, class Policy>
void check_gradients(Policy policy, std::uint64_t seed, bool with_gap = false) {
    auto logits = random_rows<double>(1, Experts, seed);
    const auto dweight = random_rows<double>(1, policy.active, seed + 1);
    std::vector<int> chosen(static_cast<std::size_t>(policy.active));
    guarded<double> weight(1, policy.active), dlogits(1, Experts), p(1, Experts);
    policy.template choose<Experts>(chosen.data(), weight.data(), logits.data(), nullptr);
    if (with_gap) chosen[1] = -1;
    const auto value = [&] {
        const auto w = weights_of(policy, affinity(policy, logits.data(), Experts), chosen);
        double sum = 0;
        for (int i = 0; i < policy.active; ++i) sum += w[i] * dweight(0, i);
        return sum;
    };
    policy.template backward<Experts>(dlogits.data(), dweight.data(), logits.data(), chosen.data(),
                                      weight.data());
    CHECK(dlogits.intact());
    CHECK(test::gradient_error(logits, dlogits, value) < 1e-9);

    const auto dp = random_rows<double>(1, Experts, seed + 2);
    const auto mean = [&] {
        policy.template affinities<Experts>(p.data(), logits.data());
        return test::inner_product(p.view(), dp.view());
    };
    mean();
    double total = 0;
    for (int e = 0; e < Experts; ++e) total += p(0, e);
    CHECK(total == doctest::Approx(1).epsilon(1e-12));
    auto added = random_rows<double>(1, Experts, seed + 3);
    const guarded<double> before = added;
    policy.template affinities_backward<Experts>(added.data(), dp.data(), logits.data(), p.data());
    for (int e = 0; e < Experts; ++e) added(0, e) -= before(0, e);
    CHECK(test::gradient_error(logits, added, mean) < 1e-8);
}

TEST_CASE("the gradients are the derivatives, the choices being held fixed") {
    check_gradients<6>(sigmoid_top_k{.active = 3, .scale = 2.5}, 1);
    check_gradients<6>(sigmoid_top_k{.active = 3, .scale = 2.5}, 2, true);
    check_gradients<17>(sigmoid_top_k{.active = 4, .scale = 0.5, .renormalise = false}, 3);
    check_gradients<6>(softmax_top_k{.active = 3, .scale = 2.5}, 4);
    check_gradients<6>(softmax_top_k{.active = 3, .scale = 2.5}, 5, true);
    check_gradients<17>(softmax_top_k{.active = 4, .scale = 16, .renormalise = false}, 6);
    check_gradients<17>(softmax_top_k{.active = 4, .renormalise = false}, 7, true);
}

TEST_CASE("a renormalised single expert feels no gradient, a saturated one no NaN") {
    const float logits[4] = {60, -100, 100, 0}, dweight[1] = {3};
    float dlogits[4];
    const int best[1] = {2}, worst[1] = {1};
    const auto check = [&](auto policy) {
        for (const int* chosen : {best, worst}) {
            const float weight[1] = {1};
            policy.template backward<4>(dlogits, dweight, logits, chosen, weight);
            for (const float d : dlogits) CHECK(std::fabs(d) < 1e-6F);
        }
    };
    check(sigmoid_top_k{.active = 1});
    check(softmax_top_k{.active = 1});
}

// Moonlight (appendix C): the scale that gives the experts' sum unit size, E[1 / |weights|] for
// logits of a standard normal. Its published value for 6 of 64 is 2.446.
template <int Experts> double unit_scale(int active, int tokens) {
    const sigmoid_top_k policy{.active = active};
    std::vector<int> chosen(static_cast<std::size_t>(active));
    std::vector<double> weight(static_cast<std::size_t>(active));
    double sum = 0;
    for (int t = 0; t < tokens; ++t) {
        double logits[Experts];
        for (int e = 0; e < Experts; ++e) logits[e] = random_normal(7, t, e);
        policy.choose<Experts>(chosen.data(), weight.data(), logits, nullptr);
        double square = 0;
        for (const double w : weight) square += w * w;
        sum += 1 / std::sqrt(square);
    }
    return sum / tokens;
}

TEST_CASE("the published gate scale comes out") {
    CHECK(unit_scale<64>(6, 20000) == doctest::Approx(2.446).epsilon(5e-4));
    CHECK(unit_scale<256>(8, 2000) == doctest::Approx(2.827).epsilon(5e-4));
}

}  // namespace
