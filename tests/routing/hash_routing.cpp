// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/routing/hash_routing.hpp>
#include <moe/routing/route.hpp>

#include <vector>

namespace {

using namespace moe;

TEST_CASE("a token's experts are its own, whatever stands around it or in the logits") {
    const hash_routing policy{.active = 3, .scale = 1.5, .seed = 4};
    const auto logits = test::random_rows<float>(40, 8, 1);
    std::vector<int> tokens(40);
    for (int t = 0; t < 40; ++t) tokens[std::size_t(t)] = t * 7 % 20;
    const auto dweight = test::random_rows<float>(40, 3, 2);
    test::on_every_machine([&](auto on) {
        std::vector<int> chosen(120, -7);
        test::guarded<float> weight(40, 3), dlogits(40, 8);
        route<8>(on, chosen.data(), weight.view(), logits, nullptr, policy,
                 routed_text{.tokens = tokens.data()});
        for (int t = 0; t < 40; ++t) {
            const int* const of_token = chosen.data() + 3 * t;
            CHECK((of_token[0] >= 0 && of_token[0] < of_token[1] && of_token[1] < of_token[2] &&
                   of_token[2] < 8));
            for (int i = 0; i < 3; ++i) {
                CHECK(weight(t, i) == 0.5F);
                if (t >= 20) CHECK(of_token[i] == of_token[i - 60]);
            }
        }
        route_backward<8>(on, dlogits.view(), dweight, logits, chosen.data(), weight, policy);
        for (int t = 0; t < 40; ++t)
            for (int e = 0; e < 8; ++e) CHECK(dlogits(t, e) == 0);
    });
}

TEST_CASE("over all tokens every expert, and every set of them, has its share") {
    int count[6] = {}, first_two = 0;
    for (int token = 0; token < 6000; ++token) {
        int chosen[2];
        double weight[2];
        hash_routing{.active = 2}.choose<6>(chosen, weight, weight, nullptr, {.token = token});
        ++count[chosen[0]], ++count[chosen[1]];
        first_two += chosen[0] == 0 && chosen[1] == 1;
    }
    for (const int of_expert : count) CHECK(of_expert == doctest::Approx(2000).epsilon(0.1));
    CHECK(first_two == doctest::Approx(400).epsilon(0.2));  // one of 15 sets
}

TEST_CASE("another seed is another table; all experts may be active") {
    int a[1], b[1], all[4], moved = 0;
    double weight[4];
    for (int token = 0; token < 100; ++token) {
        hash_routing{}.choose<16>(a, weight, weight, nullptr, {.token = token});
        hash_routing{.seed = 1}.choose<16>(b, weight, weight, nullptr, {.token = token});
        moved += a[0] != b[0];
        hash_routing{.active = 4}.choose<4>(all, weight, weight, nullptr, {.token = token});
        for (int e = 0; e < 4; ++e) CHECK(all[e] == e);
    }
    CHECK(moved > 80);
}

}  // namespace
