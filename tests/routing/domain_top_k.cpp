// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/routing/domain_top_k.hpp>
#include <moe/routing/route.hpp>

#include <algorithm>
#include <vector>

namespace {

using namespace moe;
constexpr int experts = 8, tokens = 24;

struct routed {
    std::vector<int> chosen = std::vector<int>(tokens * 2);
    test::guarded<float> weight{tokens, 2};
};

template <class Policy>
routed route_all(const Policy& policy, const test::guarded<float>& logits, const float* bias,
                 const int* domains) {
    routed r;
    test::on_every_machine([&](auto on) {
        std::vector<int> chosen(r.chosen.size());
        test::guarded<float> weight(tokens, 2);
        route<experts>(on, chosen.data(), weight.view(), logits, bias, policy,
                       routed_text{.domains = domains, .length = 8});
        r.chosen = chosen;
        for (int t = 0; t < tokens; ++t)
            for (int i = 0; i < 2; ++i) r.weight(t, i) = weight(t, i);
    });
    return r;
}

TEST_CASE("without a domain it is the plain router, to the bit") {
    const auto logits = test::random_rows<float>(tokens, experts, 1, 2.0);
    const auto bias = test::random_rows<float>(1, experts, 2, 0.2);
    const domain_top_k policy{.active = 2, .groups = 4, .kept_groups = 2, .scale = 1.5};
    const int unknown[] = {-1, -1, -1};
    const routed plain = route_all(policy.plain(), logits, bias.data(), nullptr);
    for (const int* domains : {static_cast<const int*>(nullptr), unknown}) {
        const routed own = route_all(policy, logits, bias.data(), domains);
        CHECK(own.chosen == plain.chosen);
        CHECK(test::same_bits(own.weight, plain.weight));
    }
}

TEST_CASE("a domain's own group comes first as far as the strength goes, and weights stay pure") {
    const auto logits = test::random_rows<float>(tokens, experts, 3, 2.0);
    const int domains[] = {0, 3, 6};  // three sequences; with four groups 6 is 2
    const auto in_own = [&](const routed& r) {
        int count = 0;
        for (int t = 0; t < tokens; ++t)
            for (int i = 0; i < 2; ++i)
                count += r.chosen[std::size_t(2 * t + i)] / 2 == domains[t / 8] % 4;
        return count;
    };
    domain_top_k policy{.active = 2, .groups = 4, .kept_groups = 4, .strength = 1};
    const routed all = route_all(policy, logits, nullptr, domains);
    CHECK(in_own(all) == 2 * tokens);
    for (int t = 0; t < tokens; ++t) {
        const float a = sigmoid(logits(t, all.chosen[std::size_t(2 * t)])),
                    b = sigmoid(logits(t, all.chosen[std::size_t(2 * t + 1)]));
        CHECK(all.weight(t, 0) == doctest::Approx(a / (a + b)));
    }
    policy.strength = 0.1;
    const int some = in_own(route_all(policy, logits, nullptr, domains));
    policy.strength = 1e-9;
    const int few = in_own(route_all(policy, logits, nullptr, domains));
    CHECK((few < some && some < 2 * tokens));
}

TEST_CASE("the way back is the plain router's") {
    const domain_top_k policy{.active = 2, .groups = 2, .kept_groups = 2, .scale = 2};
    const double logits[4] = {0.3, -1, 0.8, 2}, dweight[2] = {0.7, -0.2};
    const int chosen[2] = {1, 3};
    double own[4], plain[4], weight[2] = {};
    policy.backward<4>(own, dweight, logits, chosen, weight);
    policy.plain().backward<4>(plain, dweight, logits, chosen, weight);
    CHECK(std::equal(own, own + 4, plain));
}

}  // namespace
