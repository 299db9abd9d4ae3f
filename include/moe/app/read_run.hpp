// SPDX-License-Identifier: MIT
// A run as its folder tells it, for those who were not there: summary.json, metrics.jsonl and
// report.json. The last holds what the page shows and the others do not: recipe, settings, memory
// plan, baselines and samples.
#pragma once

#include <moe/app/report.hpp>

#include <string>
#include <vector>

namespace moe {

// Curves have a point for each log line and each look at the validation text. A line that a killed
// run left half written is passed over; everything else that is not as expected is an error.
// Without report.json its parts are left out.
report_data read_run(const std::string& folder);

std::string report_json(const report_data&);
// folder/report.html and folder/report.json
void write_report(const std::string& folder, const report_data&);

}  // namespace moe
