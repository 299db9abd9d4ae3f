// SPDX-License-Identifier: MIT
// A routing policy of one's own, as CONTRIBUTING shows it, in a recipe that trains.
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/moe.hpp>

// [own_policy]
// Every token goes to its best expert, and to the expert behind that one.
struct best_and_next {
    static constexpr int active = 2;
    double scale = 1;

    template <int Experts, class T>
    void choose(int* chosen, T* weight, const T* logits, const float*) const {
        int best = 0;
        for (int e = 1; e < Experts; ++e)
            if (logits[e] > logits[best]) best = e;
        const int next = (best + 1) % Experts;
        chosen[0] = best < next ? best : next;  // ascending
        chosen[1] = best < next ? next : best;
        for (int i = 0; i < active; ++i) weight[i] = T(scale) * moe::sigmoid(logits[chosen[i]]);
    }
    template <int Experts, class T>
    void backward(T* dlogits, const T* dweight, const T* logits, const int* chosen,
                  const T*) const {
        for (int e = 0; e < Experts; ++e) dlogits[e] = 0;
        for (int i = 0; i < active; ++i) {
            const T s = moe::sigmoid(logits[chosen[i]]);
            dlogits[chosen[i]] = dweight[i] * T(scale) * s * (1 - s);
        }
    }
};
static_assert(moe::routing_policy<best_and_next>);
// [own_policy]

// [own_recipe]
struct own {
    moe::transformer model{.vocab = 32, .context = 8, .layers = 1, .hidden = 16};
    moe::gqa attention{.heads = 2, .kv_heads = 1, .head_dim = 8};
    moe::experts ffn{.routed = 4, .intermediate = 16};
    best_and_next routing{.scale = 2};
    moe::bias_balance balance{.rate = 0, .sequence_loss = 0};
    moe::fp32 precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::cpu device{};
};
// [own_recipe]

TEST_CASE("a routing policy of one's own trains like the library's") {
    moe::network<own> network({4, 8}, {.threads = 2});
    network.start(1);
    moe::optimizer<own> optimizer;
    std::vector<int> windows(4 * 9);
    for (std::size_t i = 0; i < windows.size(); ++i) windows[i] = int(i * 5 % 32);
    double first = 0, last = 0;
    for (int step = 1; step <= 60; ++step) {
        last = network.forward_backward(windows, 8, 1.0 / 32, 0) / 32;
        if (step == 1) first = last;
        network.finish_gradients();
        optimizer.update(network, step, 1e-2, optimizer.measure(network));
    }
    CHECK(last < first / 4);
    network.each_mixture([](const auto& mixture) {
        for (int t = 0; t < 32; ++t) {
            const int a = mixture.plan.chosen[2 * t], b = mixture.plan.chosen[2 * t + 1];
            CHECK((b - a == 1 || b - a == 3));
        }
    });
}

// Says by its choice what it was told.
struct telling {
    static constexpr int active = 1;

    template <int Experts, class T>
    void choose(int* chosen, T* weight, const T*, const float*, moe::token_facts of) const {
        chosen[0] = (of.token + 2 * (of.domain + 1)) % Experts;
        weight[0] = T(1);
    }
    template <int Experts, class T>
    void backward(T* dlogits, const T*, const T*, const int*, const T*) const {
        for (int e = 0; e < Experts; ++e) dlogits[e] = 0;
    }
};
struct asking : own {
    telling routing{};
};

TEST_CASE("a router that asks is told the token, and in training the domain") {
    moe::network<asking> network({3, 8}, {.threads = 2});
    network.start(1);
    std::vector<int> windows(3 * 9);
    for (std::size_t i = 0; i < windows.size(); ++i) windows[i] = int(i * 5 % 32);
    const int domains[] = {0, 2, 1};
    const auto told = [&](auto&& domain_of) {
        network.each_mixture([&](const auto& mixture) {
            for (int t = 0; t < network.last_pass().tokens(); ++t) {
                const int token = windows[std::size_t(t / 8 * 9 + t % 8)];
                CHECK(mixture.plan.chosen[t] == (token + 2 * (domain_of(t / 8) + 1)) % 4);
            }
        });
    };
    network.forward_backward(windows, 8, 1, 1, domains);
    told([&](int sequence) { return domains[sequence]; });
    network.loss(windows, 8);
    told([](int) { return -1; });
    std::vector<float> logits(8 * 32);
    network.logits({logits.data(), 8, 32}, {windows.data(), 8});
    told([](int) { return -1; });
}
