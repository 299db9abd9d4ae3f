// SPDX-License-Identifier: MIT
#include "tests/support/small.hpp"

#include <doctest/doctest.h>
#include <moe/model/generate.hpp>

namespace {
using network = moe::network<test::small>;

std::vector<int> made(network& from, std::vector<int> prompt, int count, moe::sampling how) {
    std::vector<int> tokens;
    moe::generate(from, prompt, count, how,
                  [&](int token) { return tokens.push_back(token), true; });
    return tokens;
}
}  // namespace

TEST_CASE("temperature 0 takes the likeliest token, the lower of two") {
    std::vector<int> order;
    const std::vector<float> logits{1, 3, 3, 2};
    CHECK(moe::sample<float>(logits, {.temperature = 0}, 0.9, order) == 1);
}

TEST_CASE("tokens come as often as their probabilities say") {
    std::vector<int> order;
    const std::vector<float> logits{std::log(1.0F), std::log(2.0F), std::log(5.0F)};
    int counts[3] = {};
    for (int i = 0; i < 8000; ++i)
        ++counts[moe::sample<float>(logits, {.temperature = 1, .top_p = 1}, (i + 0.5) / 8000,
                                    order)];
    CHECK(counts[0] == 1000);
    CHECK(counts[1] == 2000);
    CHECK(counts[2] == 5000);
    // Of top-p 0.6 only the likeliest is left; of 0.7 the two likeliest.
    for (int i = 0; i < 100; ++i) {
        CHECK(moe::sample<float>(logits, {.temperature = 1, .top_p = 0.6}, i / 100.0, order) == 2);
        CHECK(moe::sample<float>(logits, {.temperature = 1, .top_p = 0.7}, i / 100.0, order) != 0);
    }
}

TEST_CASE("the cache gives the tokens that the whole text gives") {
    network from({1, 32}, {.threads = 2, .trains = false});
    from.start(5);
    const std::vector<int> prompt{10, 20, 30};
    const auto tokens = made(from, prompt, 20, {.temperature = 0});
    std::vector<int> text = prompt, order;
    std::vector<float> logits(256);
    for (const int token : tokens) {
        from.logits({logits.data(), 1, 256}, text);
        CHECK(moe::sample<float>(logits, {.temperature = 0}, 0, order) == token);
        text.push_back(token);
    }
}

TEST_CASE("text goes on behind a full context, and long prompts are cut at the front") {
    network from({1, 32}, {.threads = 1, .trains = false});
    from.start(5);
    CHECK(made(from, {1, 2, 3}, 100, {.seed = 3}).size() == 100);
    CHECK(made(from, std::vector<int>(75, 65), 10, {.seed = 3}).size() == 10);
    CHECK(made(from, std::vector<int>(32, 65), 3, {.seed = 3}).size() == 3);
    CHECK(made(from, {1, 2, 3}, 30, {.seed = 3}) == made(from, {1, 2, 3}, 30, {.seed = 3}));
    CHECK(made(from, {1, 2, 3}, 30, {.seed = 3}) != made(from, {1, 2, 3}, 30, {.seed = 4}));
}

TEST_CASE("whoever reads can stop it") {
    network from({1, 32}, {.threads = 1, .trains = false});
    from.start(5);
    int seen = 0;
    moe::generate(from, std::vector<int>{1}, 100, {}, [&](int) { return ++seen < 7; });
    CHECK(seen == 7);
}
