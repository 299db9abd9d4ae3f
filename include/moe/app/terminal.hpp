// SPDX-License-Identifier: MIT
// Curves, tables and heat maps as lines of text: in braille dots and colours where the terminal has
// them, in plain ASCII elsewhere. No line is longer than the style's width, except where a table's
// cells leave no choice.
#pragma once

#include <moe/app/chart.hpp>

#include <cstdio>
#include <span>
#include <string>
#include <vector>

namespace moe {

struct terminal_style {
    int width = 80;     // columns
    bool live = false;  // a terminal, where a line can be drawn again
    bool color = false;
    bool unicode = false;
};

// Asks the stream (is it a terminal, how wide) and the environment: NO_COLOR, TERM=dumb, COLUMNS
// where the terminal does not know its width, UTF-8 in LC_ALL, LC_CTYPE or LANG.
terminal_style style_of(std::FILE*);
// Columns at this moment; 0 where the stream is no terminal or its terminal does not know.
int terminal_columns(std::FILE*);

struct text_table {
    std::vector<std::string> header;
    std::vector<std::vector<std::string>>
        rows;  // the first column to the left, others to the right
};
std::string draw_table(const text_table&, const terminal_style&);

struct chart_words {
    std::string title, x_label, y_label;
    std::string caption;  // what to see in it; the report shows it under the title
};
std::string draw_curves(std::span<const curve>, const chart_words&, const terminal_style&,
                        int height = 12);

// Cells in percent, blank lines where columns go on below.
std::string draw_heat(const heat_map&, const terminal_style&);

}  // namespace moe
