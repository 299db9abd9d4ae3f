// SPDX-License-Identifier: MIT
// Figures of the report as HTML with SVG inside: they stretch to any width while letters and lines
// keep their size, need no script and nothing from a network, and print. Their look is
// app/report_style.part.hpp's. All text that goes in is escaped.
#pragma once

#include <moe/app/chart.hpp>
#include <moe/app/terminal.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe {

// For the inside of an element or of a quoted attribute; controls and broken UTF-8 become U+FFFD.
std::string html_text(std::string_view);

struct fact {
    std::string name, value;
    std::string note;  // small print, may be empty
};

// Small and large: a row of figures with a label each; a list of names and values.
std::string tiles_html(std::span<const fact>);
std::string facts_html(std::string_view title, std::span<const fact>);

struct line_look {
    bool noisy = false;      // the points themselves faintly, and a smoothed line over them
    bool small = false;      // has neighbours at its side
    bool from_zero = false;  // the y axis contains 0
};
std::string lines_html(std::span<const curve>, const chart_words&, line_look = {});

// Colours are shares of 'highest', so that several maps can be compared.
std::string heat_html(const heat_map&, double highest);

struct bar {
    std::string name, value;    // as text, to the right
    double length = 0;          // of the bar, in any unit
    std::vector<double> marks;  // thin lines across, in the same unit: what it is compared with
};
// 'mark_names' say what the marks are, 'name' what the bar is; without marks there is no legend.
std::string bars_html(std::span<const bar>, std::string_view name,
                      std::span<const std::string> mark_names);

// The first column is a name, the others numbers.
std::string table_html(const text_table&);

}  // namespace moe
