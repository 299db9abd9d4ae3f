// SPDX-License-Identifier: MIT
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/op/dispatch.hpp>

#include <algorithm>
#include <vector>

namespace {

using namespace moe;

struct planned {
    std::vector<int> chosen, first, token, row;
    dispatch_plan plan;

    planned(int tokens, int active, int experts, std::vector<int> choices)
        : chosen(std::move(choices)),
          first(std::size_t(experts) + 2, -77),
          token(chosen.size() + 1, -77),
          row(chosen.size() + 1, -77),
          plan{tokens, active, experts, chosen.data(), first.data(), token.data(), row.data()} {
        op::plan_dispatch(reference{}, plan);
    }
};

TEST_CASE("rows are sorted by expert, and inside an expert by token") {
    const planned p(4, 2, 5, {1, 3, 0, 3, -1, 1, 0, 1});
    CHECK(p.first == std::vector{0, 2, 5, 5, 7, 7, -77});  // experts 2 and 4 without a token
    CHECK(p.token == std::vector{1, 3, 0, 2, 3, 0, 1, -77, -77});
    CHECK(p.row == std::vector{2, 5, 0, 6, -1, 3, 1, 4, -77});
    CHECK(p.plan.by_expert().rows() == 7);
}

TEST_CASE("no tokens, and tokens without a choice") {
    const planned none(0, 2, 3, {});
    CHECK(none.first == std::vector{0, 0, 0, 0, -77});
    const planned empty(2, 1, 1, {-1, -1});
    CHECK(empty.first == std::vector{0, 0, -77});
    CHECK(empty.row == std::vector{-1, -1, -77});
}

TEST_CASE("every choice gets one row of its own, none is lost") {
    for (std::uint64_t trial = 0; trial < 100; ++trial) {
        const int experts = test::random_size(1, 40, trial, 0);
        const int active = test::random_size(1, std::min(experts, 8), trial, 1);
        const int tokens = test::random_size(0, 50, trial, 2);
        std::vector<int> chosen;
        for (int t = 0; t < tokens; ++t) {
            std::vector<int> some;
            for (std::uint64_t i = 0; int(some.size()) < active; ++i) {
                const int expert = int(random_below(std::uint64_t(experts), trial, t + 3, i));
                if (std::find(some.begin(), some.end(), expert) == some.end())
                    some.push_back(expert);
            }
            std::sort(some.begin(), some.end());
            if (trial % 2 == 1 && t % 3 == 0) some[0] = -1;
            chosen.insert(chosen.end(), some.begin(), some.end());
        }
        const planned p(tokens, active, experts, chosen);
        const int rows = p.plan.by_expert().rows();
        CHECK(rows == std::count_if(chosen.begin(), chosen.end(), [](int e) { return e >= 0; }));
        std::vector<int> seen(std::size_t(rows), 0);
        for (std::size_t i = 0; i < chosen.size(); ++i) {
            if (chosen[i] < 0) {
                CHECK(p.row[i] == -1);
                continue;
            }
            const int row = p.row[i];
            REQUIRE((row >= p.first[std::size_t(chosen[i])] &&
                     row < p.first[std::size_t(chosen[i]) + 1]));
            CHECK(p.token[std::size_t(row)] == int(i) / active);
            ++seen[std::size_t(row)];
        }
        for (const int times : seen) CHECK(times == 1);
        for (int e = 0; e < experts; ++e)
            CHECK(std::is_sorted(p.token.begin() + p.first[e], p.token.begin() + p.first[e + 1]));
        CHECK((p.first.back() == -77 && p.row.back() == -77 && p.token[std::size_t(rows)] == -77));
    }
}

}  // namespace
