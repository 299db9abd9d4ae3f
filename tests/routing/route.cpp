// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/routing/route.hpp>
#include <moe/routing/top_k.hpp>

#include <vector>

namespace {

using namespace moe;
using test::guarded, test::random_rows;

// Logits with -1 choices put in afterwards: what a caller does with padding.
template <int Experts, class Policy> void same_as_token_by_token(Policy policy, int tokens) {
    const auto logits = random_rows<float>(tokens, Experts, std::uint64_t(tokens), 2.0);
    const auto bias = random_rows<float>(1, Experts, 77, 0.2);
    const auto dweight = random_rows<float>(tokens, policy.active, 78);
    const std::size_t choices = std::size_t(tokens) * policy.active;
    std::vector<int> expected(choices);
    guarded<float> expected_weight(tokens, policy.active), expected_gradient(tokens, Experts);
    for (int t = 0; t < tokens; ++t) {
        int* const of_token = expected.data() + std::size_t(t) * policy.active;
        policy.template choose<Experts>(of_token, expected_weight[t], logits.view()[t],
                                        bias.data());
        if (t % 5 == 3) of_token[0] = -1;
        policy.template backward<Experts>(expected_gradient[t], dweight.view()[t], logits.view()[t],
                                          of_token, expected_weight[t]);
    }
    test::on_every_machine([&](auto on) {
        std::vector<int> chosen(choices + 1, -7);
        guarded<float> weight(tokens, policy.active), dlogits(tokens, Experts);
        route<Experts>(on, chosen.data(), weight.view(), logits, bias.data(), policy);
        CHECK(chosen.back() == -7);
        for (int t = 3; t < tokens; t += 5) chosen[std::size_t(t) * policy.active] = -1;
        route_backward<Experts>(on, dlogits.view(), dweight, logits, chosen.data(), weight, policy);
        chosen.pop_back();
        CHECK(chosen == expected);
        CHECK(test::same_bits(weight, expected_weight));
        CHECK(test::same_bits(dlogits, expected_gradient));
        CHECK((weight.intact() && dlogits.intact()));
    });
    // The reference device runs the same policies in double.
    guarded<double> logits64(tokens, Experts), weight64(tokens, policy.active);
    for (int t = 0; t < tokens; ++t)
        for (int e = 0; e < Experts; ++e) logits64(t, e) = logits(t, e);
    std::vector<int> chosen(choices);
    route<Experts>(reference{}, chosen.data(), weight64.view(), logits64, bias.data(), policy);
    if (tokens > 0) CHECK(test::relative_error(expected_weight, weight64) < 1e-6);
}

TEST_CASE("all tokens are routed as each one alone, by any number of threads") {
    for (const int tokens : {0, 1, 2, 33}) {
        same_as_token_by_token<16>(
            sigmoid_top_k{.active = 3, .groups = 4, .kept_groups = 2, .scale = 2.5}, tokens);
        same_as_token_by_token<10>(softmax_top_k{.active = 2}, tokens);
    }
}

}  // namespace
