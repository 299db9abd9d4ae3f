// SPDX-License-Identifier: MIT
// A user's own router: everything a recipe asks of it, in one struct.
#include "tests/support/machines.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/routing/balance.hpp>
#include <moe/routing/route.hpp>

namespace {

using namespace moe;

// The token's two largest logits, half each: enough to route.
struct halves {
    int active = 2;

    template <int Experts, class T>
    void choose(int* chosen, T* weight, const T* logits, const float*) const {
        detail::select_largest<Experts>(chosen, active, logits);
        for (int i = 0; i < active; ++i) weight[i] = T(0.5);
    }
    template <int Experts, class T>
    void backward(T* dlogits, const T*, const T*, const int*, const T*) const {
        for (int e = 0; e < Experts; ++e) dlogits[e] = 0;
    }
};
static_assert(routing_policy<halves> && !gives_affinities<halves>);

// With affinities, so that a balance loss can use it: here all experts are equally likely.
struct indifferent : halves {
    template <int Experts, class T> void affinities(T* p, const T*) const {
        for (int e = 0; e < Experts; ++e) p[e] = T(1) / Experts;
    }
    template <int Experts, class T>
    void affinities_backward(T*, const T*, const T*, const T*) const {}
};
static_assert(gives_affinities<indifferent>);

struct own_balance {
    static constexpr bool loss_counts_choices = true;
    bool uses_bias() const { return true; }
    double loss_weight() const { return 0.25; }
    void update(float* bias, const std::int64_t* counts, int experts, double) const {
        for (int e = 0; e < experts; ++e) bias[e] = -float(counts[e]);
    }
};
static_assert(balance_policy<own_balance>);

struct no_router {
    int active = 2;
};
static_assert(!routing_policy<no_router> && !routing_policy<int> && !balance_policy<no_router>);

TEST_CASE("a policy of a user's own routes and is balanced") {
    const auto logits = test::random_rows<float>(6, 8, 1);
    test::on_every_machine([&](auto on) {
        int chosen[12];
        test::guarded<float> weight(6, 2), dlogits(6, 8), losses(1, 2, 0);
        route<8>(on, chosen, weight.view(), logits, nullptr, indifferent{});
        route_backward<8>(on, dlogits.view(), weight, logits, chosen, weight, indifferent{});
        balance_loss<8>(on, dlogits.view(), losses.data(), logits, chosen, 3, 0.5, indifferent{},
                        own_balance{});
        for (int t = 0; t < 6; ++t) {
            CHECK(weight(t, 0) == 0.5F);
            for (int e = 0; e < 8; ++e) {
                CHECK(dlogits(t, e) == 0);
                if (e != chosen[2 * t] && e != chosen[2 * t + 1])
                    CHECK(logits(t, e) <=
                          std::fmin(logits(t, chosen[2 * t]), logits(t, chosen[2 * t + 1])));
            }
        }
        // Equal affinities: sum of f P = sum of f / 8 = 1, whatever was chosen.
        CHECK(losses(0, 0) == doctest::Approx(0.25));
        CHECK(losses(0, 1) == doctest::Approx(0.25));
    });
}

}  // namespace
