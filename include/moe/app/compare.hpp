// SPDX-License-Identifier: MIT
// NAME compare A B...: what runs reached and what it cost them, side by side, and their curves over
// each other.
#pragma once

#include <moe/app/report.hpp>

#include <span>
#include <string>
#include <vector>

namespace moe {

struct compared_run {
    std::string name;  // the folder's, the whole path where two are alike
    report_data data;
};
// At least two.
std::vector<compared_run> read_runs(const std::vector<std::string>& folders);

// A row a figure, a column a run; of two runs also how much the second differs from the first.
text_table compared_table(std::span<const compared_run>);
// {"runs": [{"name", "folder's figures by the keys of summary.json", and "losses", "validation" as
// [tokens, value] pairs}]}
std::string compared_json(std::span<const compared_run>);
std::string compared_text(std::span<const compared_run>, const terminal_style&);
std::string compared_html(std::span<const compared_run>);

}  // namespace moe
