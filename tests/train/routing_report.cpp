// SPDX-License-Identifier: MIT
#include <moe/core/error.hpp>
#include <moe/train/routing_report.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

using namespace moe;

namespace {

// Two layers: domains apart in the first, alike in the second.
routing_report example() {
    std::vector<routing_counts> counts(2, routing_counts(2, 4));
    const std::int64_t table[2][2][4] = {{{10, 10, 0, 0}, {5, 5, 5, 5}},
                                         {{0, 0, 10, 10}, {5, 5, 5, 5}}};
    for (int d = 0; d < 2; ++d)
        for (int l = 0; l < 2; ++l)
            for (int e = 0; e < 4; ++e) counts[std::size_t(d)].layer(l)[e] = table[d][l][e];
    routing_tally tally(2, 4);
    tally.tokens = 20;
    const int chosen[] = {0, 1, 2, 3, 0, 1};
    tally.together[0].add(chosen, 3, 2);
    tally.undecided = {std::int64_t(routing_tally::unit) * 5, -1};
    return routing_report_of({"rivers", "stones \"x\""}, counts, tally);
}

std::string complaint(const std::string& json) {
    try {
        read_routing(json, "summary.json");
    } catch (const error& wrong) {
        return wrong.what();
    }
    return "no error";
}

std::string changed(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("routing report: what the counts say, layer by layer and in the mean") {
    const routing_report r = example();
    REQUIRE(r.layers.size() == 2);
    CHECK(r.layers[0].domains.purity == doctest::Approx(1));
    CHECK(r.layers[0].domains.information == doctest::Approx(1));
    CHECK(r.layers[1].domains.purity == doctest::Approx(0.5));
    CHECK(r.purity() == doctest::Approx(0.75));
    CHECK(r.information() == doctest::Approx(0.5));
    CHECK(r.max_violation() == doctest::Approx(0));
    CHECK(r.dead() == 0);
    CHECK(r.layers[0].router_entropy == doctest::Approx(0.25));
    CHECK(std::isnan(r.layers[1].router_entropy));
    CHECK(r.layers[0].strongest.size() == 2);
    CHECK(r.layers[0].strongest[0].second == 1);
    CHECK(r.layers[1].strongest.empty());
}

TEST_CASE("routing report: JSON reads back as the same") {
    const routing_report r = example();
    const std::string text = routing_json(r);
    const routing_report back = read_routing(text, "x");
    CHECK(routing_json(back) == text);
    CHECK(back.domains == r.domains);
    CHECK(back.tokens == 20);
    CHECK(back.layers[0].counts == r.layers[0].counts);
    CHECK(back.layers[0].together.at(0, 1) == 2);
    CHECK(back.layers[0].domains.purity == r.layers[0].domains.purity);
    for (const char* key :
         {"\"max_violation\": 0", "\"load_entropy\": 1", "\"router_entropy\": null",
          "\"dead_experts\": 0", "\"expert_purity\": 0.75", "\"domain_information\": 0.5",
          "\"rivers\": [10, 10, 0, 0]", "\"pairs\": [2, 0, 0, 0, 0, 1]", "\"experts\": [0, 1]"})
        CHECK_MESSAGE(text.find(key) != std::string::npos, key);
}

TEST_CASE("routing report: of many experts only the strongest pairs are kept") {
    std::vector<routing_counts> counts(1, routing_counts(1, 65));
    routing_tally tally(1, 65);
    const int chosen[] = {7, 64};
    tally.together[0].add(chosen, 1, 2);
    counts[0].layer(0)[7] = counts[0].layer(0)[64] = 1;
    const routing_report r = routing_report_of({"all"}, counts, tally);
    CHECK(r.layers[0].together.experts() == 0);
    REQUIRE(r.layers[0].strongest.size() == 1);
    CHECK(r.layers[0].strongest[0].second == 64);
    CHECK(routing_json(r).find("\"pairs\"") == std::string::npos);
    CHECK(routing_json(r).find("\"expert_purity\": null") != std::string::npos);
}

TEST_CASE("routing report: what is not as expected is named in one line") {
    const std::string text = routing_json(example());
    for (const auto& [from, to, says] :
         {std::array{"\"tokens\": 20", "\"tokens\": -1",
                     "summary.json: the value of \"tokens\" is not a whole number of at least 0"},
          {"\"tokens\": 20", "\"tokan\": 20", "summary.json: the key \"tokens\" is missing"},
          {"[10, 10, 0, 0]", "[10, 10, 0]",
           "summary.json: the value of \"counts\" is not a table of one width"},
          {"[10, 10, 0, 0]", "7",
           "summary.json: the value of \"counts\" is not an array of whole numbers"},
          {"\"experts\": [0, 1]", "\"experts\": [0, 4]",
           "summary.json: the value of \"experts\" is not two numbers of experts, ascending"},
          {"[2, 0, 0, 0, 0, 1]", "[2]",
           "summary.json: the value of \"pairs\" is not a number for every pair of experts"},
          {"\"rivers\": [10", "\"river\": [10", "summary.json: the key \"rivers\" is missing"}})
        CHECK(complaint(changed(text, from, to)) == says);
    CHECK(complaint("[]") == "summary.json: a JSON object was expected");
}
