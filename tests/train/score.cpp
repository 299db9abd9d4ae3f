// SPDX-License-Identifier: MIT
#include "tests/support/small.hpp"

#include <doctest/doctest.h>
#include <moe/train/score.hpp>

TEST_CASE("every token but the first is predicted once, over windows of the context") {
    moe::network<test::small> network({1, 32}, {.threads = 2, .trains = false});
    network.start(1);
    std::vector<int> text(32 * 2 + 9);
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = int(i * 37 % 256);
    std::vector<float> logits(text.size() * 256, -1e9F);
    const moe::text_score all = moe::score(network, text, logits.data());
    CHECK(all.tokens == 72);
    // Untrained: about ln 256 nats a token.
    CHECK(all.nats_per_token() == doctest::Approx(std::log(256.0)).epsilon(0.02));
    CHECK(moe::score(network, text).nats == all.nats);

    // Row i predicts token i + 1; the second window begins afresh at token 32.
    double nats = 0;
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
        double sum = 0;
        for (int j = 0; j < 256; ++j) sum += std::exp(double(logits[i * 256 + std::size_t(j)]));
        nats += std::log(sum) - double(logits[i * 256 + std::size_t(text[i + 1])]);
    }
    CHECK(all.nats == doctest::Approx(nats).epsilon(1e-9));
    std::vector<float> alone(256);
    network.logits({alone.data(), 1, 256}, {text.data() + 32, 1});
    CHECK(std::equal(alone.begin(), alone.end(), logits.begin() + 32 * 256));
}

TEST_CASE("the loss of training is that of scoring") {
    moe::network<test::small> network({1, 32}, {.threads = 2, .trains = false});
    network.start(1);
    std::vector<int> text(33);
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = int(i * 37 % 256);
    CHECK(network.loss(text, 32) == doctest::Approx(moe::score(network, text).nats).epsilon(1e-5));
}
