// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/routing/balance.hpp>
#include <moe/routing/load.hpp>
#include <moe/routing/route.hpp>
#include <moe/routing/top_k.hpp>

#include <vector>

namespace {

using namespace moe;

constexpr bool follows_the_signs() {
    const std::int64_t counts[4] = {10, 0, 4, 2};  // mean 4: signs -1, 1, 0, 1; their mean 1/4
    float bias[4] = {0, 0, 1, 0};
    update_bias(bias, counts, 4, 0.5);
    return bias[0] == -0.625F && bias[1] == 0.375F && bias[2] == 0.875F && bias[3] == 0.375F;
}
static_assert(follows_the_signs());

TEST_CASE("balanced experts keep their bias, and so do experts without any token") {
    const std::int64_t counts[3] = {7, 7, 7}, nothing[3] = {};
    float bias[3] = {0.1F, -2.5F, 0.3F};
    update_bias(bias, counts, 3, 0.01);
    update_bias(bias, nothing, 3, 0.01);
    CHECK((bias[0] == 0.1F && bias[1] == -2.5F && bias[2] == 0.3F));
}

TEST_CASE("in proportion: steps as large as the violation, their sum is nothing") {
    const std::int64_t counts[4] = {10, 0, 4, 2}, nothing[4] = {};  // mean 4
    float bias[4] = {0, 0, 1, 0};
    update_bias_in_proportion(bias, counts, 4, 0.5);
    CHECK((bias[0] == -0.75F && bias[1] == 0.5F && bias[2] == 1 && bias[3] == 0.25F));
    update_bias_in_proportion(bias, nothing, 4, 0.5);
    CHECK(bias[0] == -0.75F);
    bias_balance{.rate = 1, .proportional = true}.update(bias, counts, 4, 0.5);
    CHECK(bias[0] == -1.5F);
}

// One expert is chosen by all tokens of one batch in eight, and by none of the others. By signs it
// seems idle most of the time and gets more and more; in proportion its mean load counts.
TEST_CASE("in proportion a load that comes in bursts is balanced in the mean") {
    const auto mean_load = [](bool proportional) {
        const bias_balance balance{.rate = 0.01, .sequence_loss = 0, .proportional = proportional};
        float bias[4] = {};
        std::int64_t of_first = 0;
        for (int step = 0; step < 4000; ++step) {
            std::int64_t counts[4] = {};
            for (int token = 0; token < 64; ++token) {
                int best = 0;
                double most = -1e9;
                for (int e = 0; e < 4; ++e) {
                    const double wish = e > 0 ? 0.0 : step % 8 == 0 ? 1.0 : -1.0;
                    const double z = wish + bias[e] + random_normal(7, step * 64 + token, e);
                    if (z > most) most = z, best = e;
                }
                ++counts[best];
            }
            if (step >= 2000) of_first += counts[0];
            balance.update(bias, counts, 4, 1);
        }
        return double(of_first) / (2000 * 64);
    };
    CHECK(mean_load(true) == doctest::Approx(0.25).epsilon(0.03));
    CHECK(mean_load(false) > 0.27);
}

TEST_CASE("counts beyond 32 bits still compare exactly") {
    const std::int64_t much = std::int64_t{1} << 50;
    const std::int64_t counts[3] = {much, much + 1, much};  // mean much + 1/3
    float bias[3] = {};
    update_bias(bias, counts, 3, 3);
    CHECK((bias[0] == 2 && bias[1] == -4 && bias[2] == 2));
}

TEST_CASE("the biases' mean does not wander") {
    std::vector<float> bias(16);
    for (int step = 0; step < 2000; ++step) {
        std::int64_t counts[16];
        for (int e = 0; e < 16; ++e) counts[e] = std::int64_t(random_below(1000, 1, step, e));
        update_bias(bias.data(), counts, 16, 1e-3);
    }
    double sum = 0;
    for (const float b : bias) sum += b;
    CHECK(std::fabs(sum) < 1e-3);
}

// A router that prefers some experts by far: the logits of an expert are normal around its own
// mean.
template <int Experts> test::guarded<float> skewed_logits(int tokens, std::uint64_t seed) {
    auto logits = test::random_rows<float>(tokens, Experts, seed);
    for (int t = 0; t < tokens; ++t)
        for (int e = 0; e < Experts; ++e) logits(t, e) += 1.5F * random_normal(99, 3, e);
    return logits;
}

template <int Experts, class Policy> void becomes_balanced(const Policy& policy) {
    const int batch = 2048, batches = 32, steps = 800;
    const bias_balance balance{.rate = 1e-3};
    const auto training = skewed_logits<Experts>(batch * batches, 1);
    const auto validation = skewed_logits<Experts>(batch * batches, 2);
    test::guarded<float> weight(batch, policy.active);
    std::vector<int> chosen(std::size_t(batch) * policy.active);
    std::vector<float> bias(Experts);
    const auto count = [&](std::int64_t* counts, const test::guarded<float>& text, int index) {
        route<Experts>(reference{}, chosen.data(), weight.view(),
                       text.view().part(index % batches * batch, batch), bias.data(), policy);
        for (const int e : chosen) ++counts[e];
    };
    const auto validate = [&] {
        std::int64_t counts[Experts] = {};
        for (int i = 0; i < batches; ++i) count(counts, validation, i);
        return load_of(counts, Experts);
    };
    const expert_load before = validate();
    for (int step = 0; step < steps; ++step) {
        std::int64_t counts[Experts] = {};
        count(counts, training, step);
        balance.update(bias.data(), counts, Experts, step < 700 ? 1 : 0.1);
    }
    const expert_load after = validate();
    CAPTURE(after.max_violation);
    CHECK(before.max_violation > 1);
    CHECK(after.max_violation < 0.05);
    CHECK(after.dead == 0);
}

TEST_CASE("a skewed router becomes balanced: at most 5 % above the mean") {
    becomes_balanced<16>(sigmoid_top_k{.active = 2});
    becomes_balanced<16>(sigmoid_top_k{.active = 2, .groups = 4, .kept_groups = 2});
}

}  // namespace
