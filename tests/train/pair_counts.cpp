// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/train/pair_counts.hpp>

#include <random>
#include <vector>

namespace {

using namespace moe;

TEST_CASE("pairs are counted once a token, from both sides, without what was not chosen") {
    pair_counts pairs(5);
    const int chosen[] = {0, 1, 3, /**/ 1, 3, -1, /**/ -1, -1, -1, /**/ 3, 4, 1};
    pairs.add(chosen, 4, 3);
    CHECK(pairs.at(0, 1) == 1);
    CHECK(pairs.at(1, 3) == 3);
    CHECK(pairs.at(3, 1) == 3);
    CHECK(pairs.at(3, 4) == 1);
    CHECK(pairs.at(0, 4) == 0);
    CHECK(pairs.all().size() == 10);
    CHECK(pairs.all()[0] == 1);  // (0, 1)
    CHECK(pairs.all()[9] == 1);  // (3, 4)
}

TEST_CASE("every pair has a place of its own") {
    for (const int experts : {1, 2, 7}) {
        pair_counts pairs(experts);
        for (int i = 0; i < experts; ++i)
            for (int j = i + 1; j < experts; ++j) {
                const int chosen[] = {j, i};
                pairs.add(chosen, 1, 2);
            }
        for (const std::int64_t count : pairs.all()) CHECK(count == 1);
    }
}

TEST_CASE("chance alone has a lift of 1, and what goes together stands out") {
    std::mt19937 random(5);
    const int experts = 8, tokens = 40'000;
    pair_counts pairs(experts);
    std::vector<std::int64_t> load(experts);
    for (int t = 0; t < tokens; ++t) {
        int chosen[2] = {int(random() % 8), 0};
        do chosen[1] = int(random() % 8);
        while (chosen[1] == chosen[0]);
        if (t % 20 == 0) chosen[0] = 2, chosen[1] = 6;
        pairs.add(chosen, 1, 2);
        ++load[std::size_t(chosen[0])], ++load[std::size_t(chosen[1])];
    }
    const auto best = pairs.strongest(load.data(), 3);
    REQUIRE(best.size() == 3);
    CHECK((best[0].first == 2 && best[0].second == 6));
    CHECK(best[0].tokens == pairs.at(2, 6));
    CHECK(best[0].lift > 1.6);
    CHECK(best[1].lift == doctest::Approx(1).epsilon(0.15));
}

TEST_CASE("one choice a token leaves no pair") {
    pair_counts pairs(3);
    const int chosen[] = {0, 1, 2};
    pairs.add(chosen, 3, 1);
    const std::int64_t load[] = {1, 1, 1};
    CHECK(pairs.strongest(load, 3).empty());
    CHECK(pair_counts().experts() == 0);
}

}  // namespace
