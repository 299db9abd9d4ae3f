// SPDX-License-Identifier: MIT
#include <moe/app/read_run.hpp>
#include <moe/core/error.hpp>

#include <tests/support/folder.hpp>
#include <tests/support/html.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

using namespace moe;

namespace {

constexpr const char* metrics =
    "{\"step\":10,\"loss\":5,\"max_violation\":0.5,\"dead_experts\":1,\"load_entropy\":0.9}\n"
    "{\"step\":10,\"validation\":{\"biology\":3,\"law\":4},\"validation_max_violation\":0.25,"
    "\"validation_load_entropy\":0.9,\"validation_dead_experts\":0}\n"
    "{\"step\":20,\"loss\":null,\"max_violation\":0.4,\"dead_experts\":0,\"load_entropy\":0.95}\n"
    "{\"step\":30,\"lo";

report_data example() {
    report_data r;
    r.summary.recipe = "nano";
    r.recipe = {{"model", "transformer"}, {"model.hidden", "256"}};
    r.settings = {{"steps", "30", "note"}};
    r.memory = {{"weights", 30e6}};
    r.baselines = {{"biology", 4.5, std::nan("")}};
    r.samples = {{"biology", "The \"cell", "</p>\n\x80"}};
    return r;
}

std::string complaint(const std::string& folder) {
    try {
        read_run(folder);
    } catch (const error& wrong) {
        return wrong.what();
    }
    return "no error";
}

}  // namespace

TEST_CASE("read run: what was written is there again") {
    const test::folder in;
    const report_data r = example();
    write_summary(in / "summary.json", r.summary);
    test::put(in / "metrics.jsonl", metrics);
    write_report(in.path(), r);
    const report_data back = read_run(in.path());
    CHECK(report_json(back) == report_json(r));
    CHECK(back.summary.recipe == "nano");
    REQUIRE(back.losses.size() == 1);
    CHECK(back.losses[0].x == std::vector<double>{10, 20});
    CHECK(std::isnan(back.losses[0].y[1]));
    REQUIRE(back.validation.size() == 2);
    CHECK(back.validation[1].name == "law");
    CHECK(back.validation[1].y == std::vector<double>{4});
    REQUIRE(back.max_violation.size() == 2);
    CHECK(back.max_violation[0].y == std::vector<double>{0.5, 0.4});
    CHECK(back.max_violation[1].y == std::vector<double>{0.25});
    CHECK(html::fault_of(report_html(back)) == "");
    CHECK(test::get(in / "report.html") == report_html(r));
    // No temporary is left behind.
    CHECK(std::distance(std::filesystem::directory_iterator(in.path()), {}) == 4);
    CHECK_THROWS(write_report(in / "none", r));

    std::filesystem::remove(in / "report.json");
    CHECK(read_run(in.path()).samples.empty());
}

TEST_CASE("read run: what is not as expected is named with its file") {
    const test::folder in;
    CHECK(complaint(in.path()) ==
          in.path() + ": expected a run that ended or was stopped; it has no summary.json");
    write_summary(in / "summary.json", {});
    CHECK(complaint(in.path()).rfind(in / "metrics.jsonl", 0) == 0);
    test::put(in / "metrics.jsonl", "{\"step\":1,\"loss\":2}\n[3]\n");
    CHECK(complaint(in.path()) == in / "metrics.jsonl, line 2: expected an object with a \"step\"");
    test::put(in / "metrics.jsonl", "{\"step\":1,\"loss\":2}\n");
    test::put(in / "report.json", "{\"recipe\": [{\"key\": 3}]}");
    CHECK(complaint(in.path()) == in / "report.json: expected a text \"key\"");
    test::put(in / "report.json", "{}");
    CHECK(complaint(in.path()) == in / "report.json: expected an array \"recipe\"");
}
