// SPDX-License-Identifier: MIT
#include "tests/support/folder.hpp"

#include <doctest/doctest.h>
#include <moe/io/file.hpp>
#include <moe/train/run_log.hpp>

#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

namespace {

std::vector<nlohmann::json> lines_in(const std::string& path) {
    std::istringstream text(moe::io::read_file(path));
    std::vector<nlohmann::json> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
}

moe::validation_report look(std::int64_t step) {
    moe::validation_report v;
    v.step = step;
    std::vector<moe::routing_counts> counts(2, moe::routing_counts(1, 2));
    counts[0].layer(0)[0] = counts[1].layer(0)[1] = 4;
    for (const char* name : {"a", "b"}) {
        v.domains.emplace_back();
        v.domains.back().domain = name;
        v.domains.back().bits_per_byte = 2.5;
    }
    moe::routing_tally tally(1, 2);
    tally.tokens = 8;
    tally.undecided[0] = 4 * (std::int64_t{1} << 30);
    v.routing = moe::routing_report_of({"a", "b"}, counts, tally);
    return v;
}

}  // namespace

TEST_CASE("run log: every figure of a step and of a look at the validation text") {
    const test::folder in;
    {
        moe::run_log log(in.path(), 0);
        moe::step_report step;
        step.step = 1, step.loss = 5.5;
        log.write(step, 0.75, 1000, std::nan(""));
        log.write(look(2));
    }
    const auto lines = lines_in(in / "metrics.jsonl");
    REQUIRE(lines.size() == 2);
    CHECK(lines[0]["loss"] == 5.5);
    CHECK(lines[0]["router_entropy"] == 0.75);
    CHECK(lines[0]["peak_share"].is_null());
    CHECK(lines[1]["step"] == 2);
    CHECK(lines[1]["validation"]["b"] == 2.5);
    CHECK(lines[1]["validation_expert_purity"] == 1);
    CHECK(lines[1]["validation_domain_information"] == 1);
    CHECK(lines[1]["validation_router_entropy"] == 0.5);
    CHECK(lines[1]["validation_dead_experts"] == 0);

    moe::run_log(in.path(), 1).write(look(3));
    const auto again = lines_in(in / "metrics.jsonl");
    REQUIRE(again.size() == 2);
    CHECK(again[1]["step"] == 3);
}
