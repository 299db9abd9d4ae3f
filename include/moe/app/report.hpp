// SPDX-License-Identifier: MIT
// What a run has to show: report.html, one file that needs no network, no script and no second
// file; and the same in short for the terminal.
//
//   moe::report_data report;
//   report.summary = run.fit(observer);
//   moe::add_history(report, run.history());
//   moe::add_settings(report, settings);
//   report.recipe = moe::recipe_text<nano>();
//   plan.each([&](const char* role, std::size_t bytes) { report.memory.push_back({role,
//   double(bytes)}); }); report.samples.push_back({"biology", prompt, generated});
//   moe::write_report(out, report);  // app/read_run.hpp
//   std::fputs(moe::terminal_report(report, moe::style_of(stdout)).c_str(), stdout);
//
// What is left empty is left out of the page.
#pragma once

#include <moe/app/chart.hpp>
#include <moe/app/figure.hpp>
#include <moe/app/routing_view.hpp>
#include <moe/io/tensor_list.hpp>
#include <moe/train/history.hpp>
#include <moe/train/settings.hpp>
#include <moe/train/summary.hpp>

#include <string>
#include <vector>

namespace moe {

// What a domain's bits per byte are compared with; NaN where it is not known.
struct domain_baseline {
    std::string domain;
    double unigram = run_summary::unknown;  // train/baseline.hpp
    double gzip = run_summary::unknown;     // gzip -9 of the same held-out text
};

struct domain_sample {
    std::string domain, prompt, text;  // given and made; any bytes
};

struct role_bytes {
    std::string role;
    double bytes = 0;
};

struct report_data {
    run_summary summary;    // headline figures, the table of domains, speed, energy, money
    io::key_values recipe;  // "attention.heads" = "4"; grouped by what stands before the point
    std::vector<fact> settings;
    std::vector<domain_baseline> baselines;

    std::vector<curve> losses;      // x: steps, y: nats a token
    std::vector<curve> validation;  // x: steps, y: bits per byte; one a domain
    std::vector<curve> max_violation, router_entropy, dead_experts;  // x: steps

    std::vector<heat_map> routing, pairs;  // app/routing_view.hpp
    text_table layers;                     // the same in figures
    std::vector<role_bytes> memory;        // the plan
    std::vector<domain_sample> samples;
};

// Curves from what the run remembers, maps of routing from its last validation.
void add_history(report_data&, const run_history&);
void add_routing(report_data&, const routing_report&);
void add_settings(report_data&, const settings&);

std::string report_html(const report_data&);

// Loss curve, table of domains, routing, samples.
std::string terminal_report(const report_data&, const terminal_style&);

}  // namespace moe
