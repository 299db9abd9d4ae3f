// SPDX-License-Identifier: MIT
#include "tests/support/gradient.hpp"
#include "tests/support/machines.hpp"

#include <doctest/doctest.h>
#include <moe/routing/balance.hpp>
#include <moe/routing/route.hpp>
#include <moe/routing/top_k.hpp>

#include <algorithm>
#include <numeric>
#include <vector>

namespace {

using namespace moe;
using test::guarded, test::random_rows;

template <class Routing>
std::vector<double> probabilities(const double* logits, int experts, const Routing&) {
    std::vector<double> p(logits, logits + experts);
    double sum = 0;
    for (double& x : p)
        sum += x = std::is_same_v<Routing, sigmoid_top_k> ? 1 / (1 + std::exp(-x)) : std::exp(x);
    for (double& x : p) x /= sum;
    return p;
}

// Eq. 17 to 20, written down. The picks are counted once, outside: they have no derivative.
template <class Routing, class Balance> struct by_definition {
    Routing routing;
    Balance balance;
    int experts, length;

    std::vector<double> shares(rows<const double> logits, const int* chosen, int sequence) const {
        std::vector<double> f(static_cast<std::size_t>(experts));
        int tokens = 0;
        for (int t = sequence * length; t < (sequence + 1) * length; ++t) {
            const int* const of_token = chosen + t * routing.active;
            if (std::all_of(of_token, of_token + routing.active, [](int e) { return e < 0; }))
                continue;
            ++tokens;
            std::vector<int> picks(of_token, of_token + routing.active);
            if (!Balance::loss_counts_choices) {
                picks.resize(static_cast<std::size_t>(experts));
                std::iota(picks.begin(), picks.end(), 0);
                std::stable_sort(picks.begin(), picks.end(),
                                 [&](int a, int b) { return logits(t, a) > logits(t, b); });
                picks.resize(std::size_t(routing.active));
            }
            for (const int e : picks)
                if (e >= 0) f[e] += 1;
        }
        for (double& x : f) x *= tokens ? double(experts) / routing.active / tokens : 0;
        return f;
    }
    double loss(rows<const double> logits, const int* chosen, int sequence,
                const std::vector<double>& f) const {
        std::vector<double> mean(static_cast<std::size_t>(experts));
        int tokens = 0;
        for (int t = sequence * length; t < (sequence + 1) * length; ++t) {
            const int* const of_token = chosen + t * routing.active;
            if (std::all_of(of_token, of_token + routing.active, [](int e) { return e < 0; }))
                continue;
            ++tokens;
            const auto p = probabilities(logits[t], experts, routing);
            for (int e = 0; e < experts; ++e) mean[e] += p[e];
        }
        double sum = 0;
        for (int e = 0; e < experts && tokens > 0; ++e)
            sum += f[e] * mean[e] / tokens * balance.loss_weight();
        return sum;
    }
};

template <int Experts, class Routing, class Balance>
void same_as_definition(Routing routing, Balance balance, std::uint64_t seed) {
    const int length = 5, sequences = 4;
    const by_definition<Routing, Balance> expected{routing, balance, Experts, length};
    auto logits = random_rows<double>(sequences * length, Experts, seed);
    const auto bias = random_rows<float>(1, Experts, seed + 1, 0.5);
    guarded<double> weight(sequences * length, routing.active), losses(1, sequences, 0);
    std::vector<int> chosen(std::size_t(sequences) * length * routing.active);
    route<Experts>(reference{}, chosen.data(), weight.view(), logits, bias.data(), routing);
    // A padding token in the second sequence, half a one in the third, the last all padding.
    for (int i = 0; i < routing.active; ++i) chosen[std::size_t(7 * routing.active + i)] = -1;
    chosen[std::size_t(11 * routing.active)] = -1;
    std::fill(chosen.begin() + 15 * routing.active, chosen.end(), -1);

    auto dlogits = random_rows<double>(sequences * length, Experts, seed + 2);
    const guarded<double> before = dlogits;
    const double scale = 0.375;
    balance_loss<Experts>(reference{}, dlogits.view(), losses.data(), logits, chosen.data(), length,
                          scale, routing, balance);
    CHECK((dlogits.intact() && losses.intact()));
    std::vector<std::vector<double>> f;
    for (int s = 0; s < sequences; ++s) {
        f.push_back(expected.shares(logits, chosen.data(), s));
        CHECK(losses(0, s) ==
              doctest::Approx(expected.loss(logits, chosen.data(), s, f.back())).epsilon(1e-12));
    }
    CHECK(losses(0, 3) == 0);
    for (int t = 0; t < sequences * length; ++t)
        for (int e = 0; e < Experts; ++e) dlogits(t, e) -= before(t, e);
    const auto value = [&] {
        double sum = 0;
        for (int s = 0; s < sequences; ++s) sum += expected.loss(logits, chosen.data(), s, f[s]);
        return scale * sum;
    };
    CHECK(test::gradient_error(logits, dlogits, value) < 1e-7);
}

TEST_CASE("losses and gradients are those of the definition") {
    same_as_definition<6>(sigmoid_top_k{.active = 2, .groups = 3, .kept_groups = 2},
                          bias_balance{.sequence_loss = 0.5}, 1);
    same_as_definition<9>(softmax_top_k{.active = 3}, bias_balance{.sequence_loss = 0.5}, 2);
    same_as_definition<6>(sigmoid_top_k{.active = 2, .groups = 3, .kept_groups = 2},
                          loss_balance{.weight = 2}, 3);
    same_as_definition<9>(softmax_top_k{.active = 3}, loss_balance{.weight = 2}, 4);
}

TEST_CASE("the sequence loss ignores bias and groups, the classic one counts what they chose") {
    // Every token likes experts 0 and 1; the choices say 2 and 3.
    guarded<double> logits(4, 4), nothing(0, 4), losses(1, 1);
    for (int t = 0; t < 4; ++t)
        for (int e = 0; e < 4; ++e) logits(t, e) = e < 2 ? 1 : 0;
    const int chosen[8] = {2, 3, 2, 3, 2, 3, 2, 3};
    const double s = 1 / (1 + std::exp(-1.0)), liked = s / (2 * s + 1);
    balance_loss<4>(reference{}, rows<double>(), losses.data(), logits, chosen, 4, 1,
                    sigmoid_top_k{}, bias_balance{.sequence_loss = 1});
    CHECK(losses(0, 0) == doctest::Approx(2 * 2 * liked));
    balance_loss<4>(reference{}, rows<double>(), losses.data(), logits, chosen, 4, 1,
                    sigmoid_top_k{}, loss_balance{.weight = 1});
    CHECK(losses(0, 0) == doctest::Approx(2 * (1 - 2 * liked)));
}

TEST_CASE("weight 0 costs nothing and changes nothing") {
    const auto logits = random_rows<float>(4, 8, 1);
    auto dlogits = random_rows<float>(4, 8, 2);
    const guarded<float> before = dlogits;
    guarded<float> losses(1, 2);
    const int chosen[8] = {};
    balance_loss<8>(reference{}, dlogits.view(), losses.data(), logits, chosen, 2, 1,
                    sigmoid_top_k{}, bias_balance{.sequence_loss = 0});
    CHECK(test::same_bits(dlogits, before));
    CHECK((losses(0, 0) == 0 && losses(0, 1) == 0));
}

template <int Experts, class Routing, class Balance>
void same_bits_everywhere(Routing routing, Balance balance) {
    const int length = 6, sequences = 5;
    const auto logits = random_rows<float>(sequences * length, Experts, 5, 2.0);
    const auto before = random_rows<float>(sequences * length, Experts, 6);
    guarded<float> weight(sequences * length, routing.active);
    std::vector<int> chosen(std::size_t(sequences) * length * routing.active);
    route<Experts>(reference{}, chosen.data(), weight.view(), logits, nullptr, routing);
    const auto run = [&](auto on, int cut) {  // the sequences in two calls, cut there
        guarded<float> dlogits(sequences * length, Experts), losses(1, sequences);
        test::copy(dlogits.view(), before.view());
        for (const auto& [first, count] : {std::pair(0, cut), std::pair(cut, sequences - cut)})
            balance_loss<Experts>(on, dlogits.view().part(first * length, count * length),
                                  losses.data() + first,
                                  logits.view().part(first * length, count * length),
                                  chosen.data() + std::size_t(first) * length * routing.active,
                                  length, 0.2, routing, balance);
        CHECK((dlogits.intact() && losses.intact()));
        return std::pair(dlogits, losses);
    };
    const auto expected = run(reference{}, 0);
    test::on_every_machine([&](auto on) {
        for (const int cut : {0, 1, 3}) {
            const auto got = run(on, cut);
            CHECK(test::same_bits(got.first, expected.first));
            CHECK(test::same_bits(got.second, expected.second));
        }
    });
}

TEST_CASE("neither threads nor the cut of a batch change a bit") {
    same_bits_everywhere<16>(sigmoid_top_k{.active = 2, .groups = 4, .kept_groups = 2},
                             bias_balance{.sequence_loss = 0.1});
    same_bits_everywhere<11>(softmax_top_k{.active = 3}, loss_balance{});
}

TEST_CASE("descending the loss balances a skewed router") {
    const int tokens = 512, steps = 200;
    const auto noise = random_rows<double>(tokens, 8, 1);
    guarded<double> logits(tokens, 8), dlogits(tokens, 8), losses(1, 1), weight(tokens, 2);
    std::vector<int> chosen(tokens * 2);
    const softmax_top_k routing{};
    std::vector<double> offset = {2, 1, 0.5, 0, 0, -0.5, -1, -2};
    const auto busiest = [&] {
        for (int t = 0; t < tokens; ++t)
            for (int e = 0; e < 8; ++e) logits(t, e) = noise(t, e) + offset[e];
        route<8>(reference{}, chosen.data(), weight.view(), logits, nullptr, routing);
        int counts[8] = {};
        for (const int e : chosen) ++counts[e];
        return *std::max_element(counts, counts + 8) * 8.0 / (2 * tokens);
    };
    CHECK(busiest() > 2);
    for (int step = 0; step < steps; ++step) {
        busiest();
        test::fill(dlogits.view(), 0.0);
        balance_loss<8>(reference{}, dlogits.view(), losses.data(), logits, chosen.data(), tokens,
                        1, routing, loss_balance{.weight = 1});
        for (int t = 0; t < tokens; ++t)
            for (int e = 0; e < 8; ++e) offset[e] -= dlogits(t, e);
    }
    CHECK(busiest() < 1.15);
}

}  // namespace
