// SPDX-License-Identifier: MIT
// The definitions of figure.hpp, compiled once. A plot's SVG has preserveAspectRatio="none" and
// strokes that do not scale; what must not be stretched (letters) stands beside it in HTML, placed
// in percent.
#pragma once

#include <moe/app/figure.hpp>
#include <moe/app/format.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace moe {

namespace detail {

inline constexpr int curve_colors = 8;

// The class that gives curve i its colour, and from the ninth on dashes.
inline std::string curve_class(std::size_t i) {
    return "c" + std::to_string(i % curve_colors) + (i >= curve_colors ? " dashed" : "");
}

inline std::string in_percent(double share) { return fixed(100 * share, 2) + "%"; }

// Room of a plot: x to the right 0..1000, y downwards 0..300.
inline std::string path_of(const curve& c, const axis& x, const axis& y) {
    std::string path;
    bool open = false;
    int run = 0;  // points since the pen was set down
    const auto close_dot = [&] {
        if (run == 1) path += "h0";  // a lone point: its round end is a dot
    };
    for (std::size_t i = 0; i < c.x.size(); ++i) {
        if (!std::isfinite(c.y[i]) || !std::isfinite(c.x[i])) {
            close_dot();
            open = false, run = 0;
            continue;
        }
        char piece[64];
        std::snprintf(piece, sizeof piece, "%c%.1f %.1f", open ? 'L' : 'M', 1000 * x.place(c.x[i]),
                      300 * (1 - y.place(c.y[i])));
        path += piece;
        open = true, ++run;
    }
    close_dot();
    return path;
}

inline double last_value(const curve& c) {
    for (std::size_t i = c.y.size(); i-- > 0;)
        if (std::isfinite(c.y[i])) return c.y[i];
    return NAN;
}

inline std::string caption_html(const chart_words& words) {
    std::string text = "<figcaption><b>" + html_text(words.title) + "</b>";
    if (!words.y_label.empty()) text += " <i>" + html_text(words.y_label) + "</i>";
    if (!words.caption.empty()) text += "<p>" + html_text(words.caption) + "</p>";
    return text + "</figcaption>\n";
}

// The names of several curves, with their last values: counts as such, others with a digit more
// than the axis has.
inline std::string legend_html(std::span<const curve> curves, const axis& y) {
    if (curves.size() < 2) return "";
    bool counts = true;
    for (const curve& c : curves)
        for (const double value : c.y) counts = counts && value == std::floor(value);
    const int digits = counts ? 0 : y.digits + 1;
    std::string text = "<ul class=\"legend\">";
    for (std::size_t i = 0; i < curves.size(); ++i)
        text += "<li class=\"" + curve_class(i) + "\">" + html_text(curves[i].name) + " <b>" +
                fixed(last_value(curves[i]), digits) + "</b></li>";
    return text + "</ul>\n";
}

inline std::string plot_html(std::span<const curve> curves, const axis& x, const axis& y,
                             line_look look) {
    std::string text =
        "<svg viewBox=\"0 0 1000 300\" preserveAspectRatio=\"none\" aria-hidden=\"true\">";
    std::string grid;
    for (const double tick : y.ticks) grid += "M0 " + fixed(300 * (1 - y.place(tick)), 1) + "H1000";
    text += "<path class=\"grid\" d=\"" + grid + "\"/>";
    for (std::size_t i = 0; i < curves.size(); ++i) {
        const curve line = thinned(curves[i], look.noisy ? 1200 : 600);
        const std::string title = "<title>" + html_text(curves[i].name) + "</title></path>";
        if (look.noisy)
            text += "<path class=\"line faint " + curve_class(i) + "\" d=\"" + path_of(line, x, y) +
                    "\">" + title;
        const int reach = look.noisy ? int(line.x.size()) / 50 : 0;
        text += "<path class=\"line " + curve_class(i) + "\" d=\"" +
                path_of(thinned(smoothed(line, reach), 400), x, y) + "\">" + title;
    }
    return text + "</svg>";
}

// Numbers stand in the cells of a map with up to so many columns.
inline constexpr std::size_t numbers_across = 16;

// A cell a square. Up to 256 are elements that say what they are; more are gathered into one path
// for each of 32 strengths, a tenth of the size.
template <class Strength> std::string cells_svg(const heat_map& map, const Strength& strength) {
    const std::size_t across = map.columns.size();
    std::string text;
    if (map.cells.size() <= 256) {
        for (std::size_t i = 0; i < map.cells.size(); ++i)
            text += "<rect x=\"" + std::to_string(i % across) + "\" y=\"" +
                    std::to_string(i / across) + "\" width=\"1\" height=\"1\" fill-opacity=\"" +
                    fixed(strength(map.cells[i]), 3) + "\"><title>" +
                    html_text(map.rows[i / across] + ", " + map.columns[i % across] + ": ") +
                    percent(map.cells[i]) + "</title></rect>";
        return text;
    }
    std::string levels[33];
    for (std::size_t i = 0; i < map.cells.size(); ++i)
        levels[std::lround(32 * strength(map.cells[i]))] +=
            "M" + std::to_string(i % across) + " " + std::to_string(i / across) + "h1v1h-1z";
    for (int level = 1; level <= 32; ++level)
        if (!levels[level].empty())
            text += "<path fill-opacity=\"" + fixed(level / 32.0, 3) + "\" d=\"" + levels[level] +
                    "\"/>";
    return text;
}

}  // namespace detail

std::string html_text(std::string_view text) {
    std::string result;
    for (const char letter : printable(text, true)) switch (letter) {
            case '&':
                result += "&amp;";
                break;
            case '<':
                result += "&lt;";
                break;
            case '>':
                result += "&gt;";
                break;
            case '"':
                result += "&quot;";
                break;
            case '\'':
                result += "&#39;";
                break;
            default:
                result += letter;
        }
    return result;
}

std::string tiles_html(std::span<const fact> facts) {
    std::string text = "<dl class=\"tiles\">\n";
    for (const fact& f : facts) {
        text += "<div><dt>" + html_text(f.name) + "</dt><dd>" + html_text(f.value);
        if (!f.note.empty()) text += "<small>" + html_text(f.note) + "</small>";
        text += "</dd></div>\n";
    }
    return text + "</dl>\n";
}

std::string facts_html(std::string_view title, std::span<const fact> facts) {
    std::string text = "<section class=\"facts\">\n";
    if (!title.empty()) text += "<h3>" + html_text(title) + "</h3>\n";
    text += "<dl>\n";
    for (const fact& f : facts) {
        text += "<div><dt>" + html_text(f.name) + "</dt><dd>" + html_text(f.value);
        if (!f.note.empty()) text += " <small>" + html_text(f.note) + "</small>";
        text += "</dd></div>\n";
    }
    return text + "</dl>\n</section>\n";
}

std::string lines_html(std::span<const curve> curves, const chart_words& words, line_look look) {
    const axis x = x_axis(curves, 6), y = y_axis(curves, look.small ? 3 : 5, look.from_zero);
    std::string label = words.title;
    for (const curve& c : curves)
        label += ", " + c.name + " ends at " + fixed(detail::last_value(c), y.digits + 2);
    std::string text = "<figure class=\"plot\" role=\"img\" aria-label=\"" + html_text(label) +
                       "\">\n" + detail::caption_html(words) + detail::legend_html(curves, y) +
                       "<div class=\"frame\">\n";
    text += "<div class=\"ys\">";
    // An unseen copy gives the column the width of its longest label.
    std::string longest;
    for (const double tick : y.ticks) {
        const std::string number = fixed(tick, y.digits);
        if (number.size() > longest.size()) longest = number;
        text += "<span style=\"bottom:" + detail::in_percent(y.place(tick)) + "\">" + number +
                "</span>";
    }
    text += "<em>" + longest + "</em></div>\n" + detail::plot_html(curves, x, y, look) +
            "\n<div class=\"xs\">";
    for (std::size_t i = 0; i < x.ticks.size(); ++i)
        text += std::string("<span") + (i % 2 ? " class=\"odd\"" : "") +
                " style=\"left:" + detail::in_percent(x.place(x.ticks[i])) + "\">" +
                short_count(x.ticks[i]) + "</span>";
    return text + "</div>\n<div class=\"xlabel\">" + html_text(words.x_label) +
           "</div>\n</div>\n</figure>\n";
}

std::string heat_html(const heat_map& map, double highest) {
    const std::size_t across = map.columns.size(), down = map.rows.size();
    const auto strength = [&](double share) {
        return highest > 0 && share > 0 ? std::min(share / highest, 1.0) : 0.0;
    };
    const std::string size = std::to_string(across) + " " + std::to_string(down);
    std::string rows, numbers, columns;
    for (const std::string& name : map.rows) rows += "<span>" + html_text(name) + "</span>";
    if (across <= detail::numbers_across) {
        for (const double share : map.cells) {
            const bool strong = strength(share) > 0.7;
            numbers += strong ? "<b>" : "<i>";
            if (share >= 0.005) numbers += fixed(100 * share, 0);
            numbers += strong ? "</b>" : "</i>";
        }
        numbers = "<div class=\"numbers\">" + numbers + "</div>";
    }
    const std::size_t every = (across + 15) / 16;
    for (std::size_t c = 0; c < across; c += every)
        columns += "<span style=\"left:" + detail::in_percent((double(c) + 0.5) / double(across)) +
                   "\">" + html_text(map.columns[c]) + "</span>";
    return "<figure class=\"heat" +
           std::string(across > 32  ? " wide"
                       : across > 8 ? " tight"
                                    : "") +
           (down > 8 ? " many" : "") + "\" role=\"img\" aria-label=\"" + html_text(map.title) +
           "\">\n<figcaption><b>" + html_text(map.title) +
           "</b></figcaption>\n<div class=\"frame\" style=\"--down:" + std::to_string(down) +
           ";--across:" + std::to_string(across) + "\">\n<div class=\"rows\">" + rows +
           "</div>\n<div class=\"cells\"><svg viewBox=\"0 0 " + size +
           "\" preserveAspectRatio=\"none\" aria-hidden=\"true\">" +
           detail::cells_svg(map, strength) + "</svg>" + numbers + "</div>\n<div class=\"xs\">" +
           columns + "</div>\n</div>\n</figure>\n";
}

std::string bars_html(std::span<const bar> bars, std::string_view name,
                      std::span<const std::string> mark_names) {
    double longest = 0;
    for (const bar& b : bars) {
        if (std::isfinite(b.length)) longest = std::max(longest, b.length);
        for (const double mark : b.marks)
            if (std::isfinite(mark)) longest = std::max(longest, mark);
    }
    longest = longest > 0 ? longest * 1.01 : 1;  // the last mark wants to be seen whole
    const auto at = [&](double value) { return fixed(1000 * value / longest, 1); };

    std::string text = "<figure class=\"bars\">\n";
    if (!mark_names.empty()) {
        text += "<ul class=\"legend\"><li class=\"c0 block\">" + html_text(name) + "</li>";
        for (std::size_t i = 0; i < mark_names.size(); ++i)
            text += "<li class=\"mark m" + std::to_string(i) + "\">" + html_text(mark_names[i]) +
                    "</li>";
        text += "</ul>\n";
    }
    text += "<div class=\"frame\">\n";
    for (const bar& b : bars) {
        text += "<span class=\"name\">" + html_text(b.name) +
                "</span><svg viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" "
                "aria-hidden=\"true\"><rect class=\"track\" width=\"1000\" height=\"10\"/>"
                "<rect class=\"bar\" width=\"" +
                at(std::isfinite(b.length) ? b.length : 0) + "\" height=\"10\"/>";
        for (std::size_t i = 0; i < b.marks.size(); ++i)
            if (std::isfinite(b.marks[i]))
                text += "<path class=\"mark m" + std::to_string(i) + "\" d=\"M" + at(b.marks[i]) +
                        " 0V10\"/>";
        text += "</svg><span class=\"value\">" + html_text(b.value) + "</span>\n";
    }
    return text + "</div>\n</figure>\n";
}

std::string table_html(const text_table& table) {
    const auto row = [](const std::vector<std::string>& cells, const char* element) {
        std::string text = "<tr>";
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const std::string kind = i == 0 ? "th" : element;
            const char* scope = kind == "td"                ? ""
                                : i == 0 && kind != element ? " scope=\"row\""
                                                            : "";
            text += "<" + kind + scope + ">" + html_text(cells[i]) + "</" + kind + ">";
        }
        return text + "</tr>\n";
    };
    std::string text = "<div class=\"scroll\"><table>\n";
    if (!table.header.empty()) text += "<thead>\n" + row(table.header, "th") + "</thead>\n";
    text += "<tbody>\n";
    for (const auto& cells : table.rows) text += row(cells, "td");
    return text + "</tbody>\n</table></div>\n";
}

}  // namespace moe
