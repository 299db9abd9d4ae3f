// SPDX-License-Identifier: MIT
#include <moe/app/routing_view.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace moe;

namespace {

routing_report example(int domains, int layers, int experts) {
    std::vector<routing_counts> counts(std::size_t(domains), routing_counts(layers, experts));
    std::vector<std::string> names;
    for (int d = 0; d < domains; ++d) {
        names.push_back("domain " + std::to_string(d));
        for (int l = 0; l < layers; ++l) {
            counts[std::size_t(d)].layer(l)[d] = 30;
            counts[std::size_t(d)].layer(l)[experts - 1] = 10;
        }
    }
    routing_tally tally(layers, experts);
    tally.tokens = 20 * domains;
    const int chosen[] = {0, experts - 1};
    for (auto& pairs : tally.together)
        for (int i = 0; i < 10; ++i) pairs.add(chosen, 1, 2);
    return routing_report_of(names, counts, tally);
}

}  // namespace

TEST_CASE("routing view: rows of a domain's map add up to 1, those of pairs are shares of tokens") {
    const routing_report r = example(2, 3, 5);
    const auto maps = domain_maps(r);
    REQUIRE(maps.size() == 3);
    CHECK(maps[2].title == "Mixture layer 3");
    CHECK(maps[0].at(0, 0) == doctest::Approx(0.75));
    CHECK(maps[0].at(1, 4) == doctest::Approx(0.25));
    const auto pairs = pair_maps(r);
    REQUIRE(pairs.size() == 3);
    CHECK(pairs[0].at(0, 4) == doctest::Approx(10 / 30.0));
    CHECK(pairs[0].at(4, 0) == doctest::Approx(10 / 20.0));
    CHECK(pairs[0].at(0, 0) == 0);
    CHECK(pair_maps(r, 74).empty());
}

TEST_CASE("routing view: the table has a column for what is known") {
    const text_table both = routing_table(example(2, 3, 5));
    CHECK(both.header == std::vector<std::string>{"layer", "max violation", "dead", "load entropy",
                                                  "router entropy", "purity", "bits on domain",
                                                  "most together"});
    CHECK(both.rows.size() == 3);
    CHECK(both.rows[1][0] == "2");
    CHECK(both.rows[1][2] == "2");
    CHECK(both.rows[0].back() == "0+4 (3.5x)");
    const text_table one = routing_table(example(1, 1, 5));
    CHECK(one.header.size() == 6);
    CHECK(routing_table({}).rows.empty());
}

TEST_CASE("routing view: text for a terminal, of a deep model its first and last map") {
    const terminal_style style{80, false, false, false};
    const std::string text = routing_text(example(2, 8, 5), style);
    CHECK(text.find("Mixture layer 1\n") != std::string::npos);
    CHECK(text.find("Mixture layer 2\n") == std::string::npos);
    CHECK(text.find("Mixture layer 8\n") != std::string::npos);
    CHECK(text.find("bits on domain") != std::string::npos);
    CHECK(routing_text({}, style).empty());
}
