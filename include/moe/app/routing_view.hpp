// SPDX-License-Identifier: MIT
// What train/routing_report.hpp knows, as maps and tables for the terminal and the report.
#pragma once

#include <moe/app/chart.hpp>
#include <moe/app/terminal.hpp>
#include <moe/train/routing_report.hpp>

#include <string>
#include <vector>

namespace moe {

// One a layer: domains x experts, shares of a domain's choices.
std::vector<heat_map> domain_maps(const routing_report&);

// One a layer: experts x experts, of the tokens that chose the row's expert the share that chose
// the column's too. Empty where pairs were not kept, and where all maps would have more than
// 'most_cells'.
std::vector<heat_map> pair_maps(const routing_report&, std::size_t most_cells = 65'536);

// A row a layer; figures that are not known for any layer have no column.
text_table routing_table(const routing_report&);

// Maps and table; of a deep model the first and the last map.
std::string routing_text(const routing_report&, const terminal_style&);

}  // namespace moe
