// SPDX-License-Identifier: MIT
#include <moe/app/format.hpp>
#include <moe/app/report.hpp>

#include <tests/support/html.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

using namespace moe;
using html::count_of;

namespace {

run_history history_of(int steps, int layers, int experts) {
    run_history h;
    for (int i = 1; i <= steps; ++i) {
        h.losses.push_back(5.0 - 4.0 * i / steps);
        if (i % 10 == 0) {
            step_report line;
            line.step = i;
            line.load = {.max_violation = 1.0 / i, .dead = i < 30, .entropy = 0.9};
            h.log.push_back(line);
        }
        if (i % 50 != 0) continue;
        validation_report v;
        v.step = i;
        for (const char* domain : {"biology", "law & <order>"}) {
            domain_report d;
            d.domain = domain;
            d.bits_per_byte = 2 + 10.0 / i;
            d.routing = {layers, experts};
            for (int l = 0; l < layers; ++l)
                for (int e = 0; e < experts; ++e) d.routing.layer(l)[e] = e == 0 ? 100 + i : 25;
            v.domains.push_back(d);
        }
        routing_tally tally(layers, experts);
        tally.tokens = 100;
        for (auto& pairs : tally.together) {
            const int chosen[] = {0, experts - 1, 0, 1, 0, experts - 1};
            pairs.add(chosen, 3, 2);
        }
        const std::vector<routing_counts> counts{v.domains[0].routing, v.domains[1].routing};
        v.routing = routing_report_of({v.domains[0].domain, v.domains[1].domain}, counts, tally);
        v.load = {.max_violation = 0.5, .dead = 0, .entropy = 0.95};
        h.validations.push_back(v);
    }
    return h;
}

report_data example() {
    report_data r;
    run_summary& s = r.summary;
    s.recipe = "nano";
    s.parameters = 17'300'000, s.parameters_active = 6'100'000;
    s.steps = 200, s.tokens = 819'200, s.batch = 4096, s.threads = 2;
    s.instruction_set = "avx2_fma";
    s.validation = {{"biology", 2.05}, {"law & <order>", 2.06}};
    s.seconds = 83, s.tokens_per_second = 12345, s.peak_share = 0.412, s.flop = 1e12;
    s.planned_bytes = 64'000'000;
    s.joules = 1660, s.joules_source = "model: 2 cores x 10 W x 83.0 s";
    s.price_per_hour = 0.5, s.money = 0.0115;
    s.weights_hash = "0123456789abcdef";
    r.recipe = {{"model", "transformer"}, {"model.hidden", "256"}, {"precision", "fp32"}};
    r.baselines = {{"biology", 4.4, 2.7}, {"law & <order>", 4.5, 1.9}};
    r.memory = {{"weights", 30e6}, {"moments", 34e6}, {"nothing", 0}};
    r.samples = {{"biology", "The <b>cell", "</p><script>alert(1)</script> & \x80 so on"}};
    add_history(r, history_of(200, 3, 4));
    add_settings(r, {});
    return r;
}

}  // namespace

TEST_CASE("report: the whole page is sound and needs nothing but itself") {
    const std::string page = report_html(example());
    CHECK(html::fault_of(page) == "");
    CHECK(html::reference_in(page) == "");
    CHECK(page.rfind("<!doctype html>\n<html lang=\"en\">", 0) == 0);
    CHECK(page.find("<meta charset=\"utf-8\">") != std::string::npos);
    CHECK(page.find("name=\"viewport\" content=\"width=device-width") != std::string::npos);
    CHECK(page.find("prefers-color-scheme: dark") != std::string::npos);
    CHECK(page.find("@media print") != std::string::npos);
    CHECK(page.size() < 100'000);
}

TEST_CASE("report: whatever a model writes is only text") {
    const std::string page = report_html(example());
    CHECK(page.find("<script") == std::string::npos);
    CHECK(page.find("&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt; &amp; \uFFFD so on") !=
          std::string::npos);
    CHECK(page.find("<b>The &lt;b&gt;cell</b>") != std::string::npos);
    CHECK(page.find("law &amp; &lt;order&gt;") != std::string::npos);
}

TEST_CASE("report: every section shows what it was given") {
    const std::string page = report_html(example());
    for (const char* part :
         {"<h1>nano</h1>",
          "17.3 M parameters, 6.10 M active a token; 2 threads, avx2_fma",
          "<dd>2.055<small>held-out text, mean of 2 domains",
          "<dd>819 k<small>200 steps of 4 096",
          "<dd>1:23<",
          "<dd>12.3 k<small>41.2 % of this machine&#39;s peak",
          "<dt>Energy, estimated</dt><dd>1.66 kJ<small>model: 2 cores x 10 W x 83.0 s",
          "What it learnt",
          "Training loss",
          "Held-out text",
          "Where the tokens go",
          "even would be 25.0\u00A0% everywhere",
          "Mixture layer 3",
          "Max violation",
          "Experts without a token",
          "What it writes",
          "What it cost",
          "64.0 MB",
          "<dt>FLOP</dt><dd>1.00 TFLOP</dd>",
          "<dt>time</dt><dd>1:23</dd>",
          "<dt>money</dt><dd>0.0115</dd>",
          "<dd>0.0115 <small>at 0.50 an hour",
          "model: transformer",
          "<dt>hidden</dt><dd>256",
          "other slots",
          "<dt>precision</dt><dd>fp32",
          "<dt>schedule</dt><dd>cosine",
          "weights 0123456789abcdef"})
        CHECK_MESSAGE(page.find(part) != std::string::npos, part);
    CHECK(page.find("<th scope=\"row\">biology</th><td>2.050</td><td>2.700</td><td>-24.1 %</td>"
                    "<td>4.400</td>") != std::string::npos);
    CHECK(page.find("<td>+8.4 %</td>") != std::string::npos);
    CHECK(page.find("<span class=\"name\">nothing</span>") == std::string::npos);
    CHECK(count_of(page, "<figure class=\"heat") == 6);  // domains, pairs
    CHECK(page.find("Which experts work together") != std::string::npos);
    CHECK(page.find("purity</th>") != std::string::npos);
    // loss, held-out text, three of the load
    CHECK(count_of(page, "<figure class=\"plot\"") == 5);
}

TEST_CASE("report: what is not known is left out, not shown as zero") {
    const std::string page = report_html({});
    CHECK(html::fault_of(page) == "");
    for (const char* part : {"What it learnt", "Where the tokens go", "How evenly",
                             "What it writes", "Recipe and settings", "Energy,", "nan", "inf"})
        CHECK_MESSAGE(page.find(part) == std::string::npos, part);
    report_data r = example();
    r.baselines.clear();
    const std::string bare = report_html(r);
    CHECK(bare.find("gzip") == std::string::npos);
    CHECK(bare.find("unigram") == std::string::npos);
    r.baselines = {{"biology", 4.4, std::numeric_limits<double>::quiet_NaN()}};
    const std::string half = report_html(r);
    CHECK(half.find("against gzip") == std::string::npos);
    CHECK(html::fault_of(half) == "");
    r.summary.joules_source = "rapl: package-0 (whole machine)";
    CHECK(report_html(r).find("<dt>Energy</dt>") != std::string::npos);
}

TEST_CASE("report: history becomes curves and shares that add up") {
    report_data r;
    add_history(r, history_of(200, 3, 4));
    REQUIRE(r.losses.size() == 1);
    CHECK(r.losses[0].x.front() == 1);
    CHECK(r.losses[0].x.back() == 200);
    CHECK(r.losses[0].y.size() == 200);
    REQUIRE(r.validation.size() == 2);
    CHECK(r.validation[1].name == "law & <order>");
    CHECK(r.validation[1].x == std::vector<double>{50, 100, 150, 200});
    REQUIRE(r.max_violation.size() == 2);
    CHECK(r.max_violation[0].x.size() == 20);
    CHECK(r.max_violation[1].y == std::vector<double>{0.5, 0.5, 0.5, 0.5});
    CHECK(r.dead_experts[0].y[1] == 1);
    CHECK(r.dead_experts[0].y[2] == 0);
    REQUIRE(r.routing.size() == 3);
    for (const heat_map& map : r.routing) {
        CHECK(map.rows == std::vector<std::string>{"biology", "law & <order>"});
        CHECK(map.columns.size() == 4);
        for (std::size_t row = 0; row < 2; ++row) {
            double sum = 0;
            for (std::size_t e = 0; e < 4; ++e) sum += map.at(row, e);
            CHECK(sum == doctest::Approx(1));
        }
        CHECK(map.at(0, 0) == doctest::Approx(300 / 375.0));  // of the last validation
    }
}

TEST_CASE("report: a run of one step, of dense layers only, or of no validation") {
    for (const auto& [steps, layers] : {std::pair{1, 2}, {9, 2}, {50, 0}, {60, 2}}) {
        report_data r;
        add_history(r, history_of(steps, layers, 4));
        const std::string page = report_html(r);
        CHECK(html::fault_of(page) == "");
        CHECK(page.find("nan") == std::string::npos);
        terminal_report(r, {});
    }
}

TEST_CASE("report: a deep model's page stays small") {
    report_data r;
    add_history(r, history_of(200, 61, 256));
    const std::string page = report_html(r);
    CHECK(count_of(page, "<figure class=\"heat") == 61);
    CHECK(page.size() < 2'000'000);
}

TEST_CASE("report: the terminal shows the curve, the tables and the samples") {
    const terminal_style style{80, false, false, true};
    const std::string text = terminal_report(example(), style);
    for (const char* part :
         {"Training loss", "nats per token", "gzip -9", "biology", "-24.1 %", "Mixture layer 1",
          "Mixture layer 3", "biology:\nThe <b>cell</p><script>alert(1)</script> & \uFFFD so on"})
        CHECK_MESSAGE(text.find(part) != std::string::npos, part);
    CHECK(text.find('\x1b') == std::string::npos);
    report_data deep;
    add_history(deep, history_of(200, 61, 4));
    const std::string few = terminal_report(deep, style);
    CHECK(few.find("Mixture layer 1\n") != std::string::npos);
    CHECK(few.find("Mixture layer 2\n") == std::string::npos);
    CHECK(few.find("Mixture layer 61\n") != std::string::npos);
    CHECK(terminal_report({}, style) == "");
    CHECK(text.find("1.00 TFLOP  1:23  1.66 kJ  0.0115") != std::string::npos);
    CHECK(text.find("energy: model: 2 cores x 10 W x 83.0 s") != std::string::npos);
}
