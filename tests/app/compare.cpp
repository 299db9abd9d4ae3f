// SPDX-License-Identifier: MIT
#include <moe/app/compare.hpp>
#include <moe/app/read_run.hpp>
#include <moe/core/error.hpp>

#include <tests/support/folder.hpp>
#include <tests/support/html.hpp>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace moe;

namespace {

compared_run run(const char* name, double loss, std::int64_t batch) {
    compared_run r{name, {}};
    run_summary& s = r.data.summary;
    s.train_loss = loss;
    s.validation = {{"biology", 2 * loss}, {"law <1>", loss}};
    s.steps = 30, s.batch = batch, s.tokens = 30 * batch;
    s.flop = 1e12, s.seconds = 90, s.joules = 1800, s.joules_source = "model: 20 W x 90.0 s";
    r.data.losses = {{"training", {10, 20, 30}, {5, loss, loss}}};
    r.data.validation = {{"biology", {15, 30}, {4, 2}}, {"law <1>", {15, 30}, {2, 1}}};
    return r;
}

}  // namespace

TEST_CASE("compare: a row a figure, a column a run, and the change between two") {
    const compared_run two[] = {run("a", 2, 100), run("b", 1, 200)};
    const text_table table = compared_table(two);
    CHECK(table.header == std::vector<std::string>{"", "a", "b", "change"});
    const auto row = [&](const std::string& name) {
        for (const auto& cells : table.rows)
            if (cells[0] == name) return cells;
        return std::vector<std::string>{};
    };
    CHECK(row("training loss, nats") ==
          std::vector<std::string>{"training loss, nats", "2.0000", "1.0000", "-50.0 %"});
    CHECK(row("  law <1>")[2] == "1.0000");
    CHECK(row("tokens")[3] == "+100.0 %");
    CHECK(row("time") == std::vector<std::string>{"time", "1:30", "1:30", ""});
    CHECK(row("energy")[1] == "1.80 kJ");
    CHECK(row("money").empty());  // no price is known
    CHECK(row("share of peak").empty());
    const compared_run three[] = {run("a", 2, 100), run("b", 1, 200), run("c", 1, 100)};
    CHECK(compared_table(three).header.size() == 4);
}

TEST_CASE("compare: a domain that one run has not seen is left open there") {
    compared_run two[] = {run("a", 2, 100), run("b", 1, 200)};
    two[1].data.summary.validation = {{"law <1>", 1}, {"physics", 3}};
    for (const auto& cells : compared_table(two).rows) {
        if (cells[0] == "  biology") CHECK(cells[2] == "-");
        if (cells[0] == "  physics") CHECK(cells[1] == "-");
    }
}

TEST_CASE("compare: curves stand over tokens, in JSON, on a page and in a terminal") {
    const compared_run two[] = {run("a", 2, 100), run("b & c", 1, 200)};
    const auto json = nlohmann::json::parse(compared_json(two));
    CHECK(json["runs"][1]["losses"][2] == nlohmann::json{6000, 1});
    CHECK(json["runs"][0]["validation_mean"][0] == nlohmann::json{1500, 3});
    CHECK(json["runs"][0]["summary"]["joules"] == 1800);
    const std::string page = compared_html(two);
    CHECK(html::fault_of(page) == "");
    CHECK(html::reference_in(page) == "");
    CHECK(html::count_of(page, "<figure class=\"plot\"") == 2);
    CHECK(page.find("b &amp; c") != std::string::npos);
    const std::string text = compared_text(two, {80, false, false, false});
    CHECK(text.find("Training loss") != std::string::npos);
    CHECK(text.find("b & c: model: 20 W x 90.0 s") != std::string::npos);
}

TEST_CASE("compare: folders of the same name are told apart by their paths") {
    const test::folder in;
    for (const char* name : {"one/run", "two/run", "other"}) {
        test::put(in / name + "/metrics.jsonl", "");
        write_summary(in / name + "/summary.json", {});
    }
    const auto runs = read_runs({in / "one/run", in / "two/run/", in / "other/"});
    CHECK(runs[0].name == in / "one/run");
    CHECK(runs[1].name == in / "two/run/");
    CHECK(runs[2].name == "other");
    CHECK(html::fault_of(compared_html(runs)) == "");
    CHECK_THROWS_AS(read_runs({in / "other"}), usage_error);
}
