// SPDX-License-Identifier: MIT
// The definitions of terminal.hpp, compiled once.
#pragma once

#include <moe/app/format.hpp>
#include <moe/app/terminal.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace moe {

namespace detail {

inline const char* from_environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

inline bool locale_is_utf8() {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        std::string value = from_environment(name);
        if (value.empty()) continue;
        for (char& letter : value)
            letter = char(letter >= 'A' && letter <= 'Z' ? letter + 32 : letter);
        return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
    }
    return false;
}

inline std::string in_color(std::string_view text, const char* code, const terminal_style& style) {
    if (!style.color || !code || text.empty()) return std::string(text);
    return std::string("\x1b[") + code + 'm' + std::string(text) + "\x1b[0m";
}

inline const char* color_of_curve(std::size_t index) {
    static constexpr const char* codes[] = {"36", "33", "35", "32", "34", "31", "96", "93"};
    return codes[index % std::size(codes)];
}
inline char mark_of_curve(std::size_t index) { return "*o+x#@%&"[index % 8]; }

inline std::string repeated(std::string_view piece, int times) {
    std::string result;
    for (int i = 0; i < times; ++i) result += piece;
    return result;
}
inline std::string to_width(std::string_view text, int width, bool right) {
    const std::string room(std::size_t(std::max(0, width - columns_of(text))), ' ');
    return right ? room + std::string(text) : std::string(text) + room;
}
inline void trim_right(std::string& line) {
    while (!line.empty() && line.back() == ' ') line.pop_back();
}

// The plot itself: a cell a letter, with 2 x 4 braille dots or one mark.
class canvas {
public:
    canvas(int columns, int height, bool dots)
        : columns_(columns), height_(height), dots_(dots), cells_(std::size_t(columns * height)) {}

    int across() const { return dots_ ? 2 * columns_ : columns_; }
    int down() const { return dots_ ? 4 * height_ : height_; }

    // Both from 0 to 1, y upwards.
    void line(double x0, double y0, double x1, double y1, std::size_t curve) {
        const double width = across() - 1, rise = down() - 1;
        const int steps = std::max(
            1, int(std::ceil(std::max(std::fabs(x1 - x0) * width, std::fabs(y1 - y0) * rise))));
        for (int i = 0; i <= steps; ++i) {
            const double t = double(i) / steps;
            dot(int(std::lround((x0 + t * (x1 - x0)) * width)),
                int(std::lround((1 - (y0 + t * (y1 - y0))) * rise)), curve);
        }
    }

    std::string row(int y, const terminal_style& style) const {
        std::string result, run;  // a run of one colour
        std::size_t of = 0;
        const auto flush = [&] {
            result += in_color(run, color_of_curve(of), style);
            run.clear();
        };
        for (int x = 0; x < columns_; ++x) {
            const cell& c = cells_[std::size_t(y * columns_ + x)];
            if (c.bits != 0 && c.curve != of) {
                if (run.find_first_not_of(' ') != run.npos) flush();
                of = c.curve;
            }
            if (c.bits == 0) {
                run += ' ';
            } else if (dots_) {
                run += char(0xE2), run += char(0xA0 | c.bits >> 6),
                    run += char(0x80 | (c.bits & 63));
            } else {
                run += mark_of_curve(c.curve);
            }
        }
        trim_right(run);
        flush();
        return result;
    }

private:
    struct cell {
        unsigned char bits = 0;
        std::size_t curve = 0;  // that drew here last
    };

    void dot(int x, int y, std::size_t curve) {
        static constexpr unsigned char braille[4][2] = {
            {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
        x = std::clamp(x, 0, across() - 1), y = std::clamp(y, 0, down() - 1);
        cell& c = cells_[std::size_t(dots_ ? y / 4 * columns_ + x / 2 : y * columns_ + x)];
        c.bits |= dots_ ? braille[y % 4][x % 2] : 1;
        c.curve = curve;
    }

    int columns_, height_;
    bool dots_;
    std::vector<cell> cells_;
};

// Labels centred under their ticks; one that would touch its neighbour is left out.
inline std::string x_labels(const axis& x, int columns, int margin, const std::string& label) {
    std::string line(std::size_t(margin + columns), ' ');
    std::size_t free = 0;
    for (const double tick : x.ticks) {
        const std::string text = short_count(tick);
        const int at = margin + int(std::lround(x.place(tick) * (columns - 1)));
        const int first = std::clamp(at - int(text.size()) / 2, 0, int(line.size() - text.size()));
        if (std::size_t(first) < free) continue;
        line.replace(std::size_t(first), text.size(), text);
        free = std::size_t(first) + text.size() + 2;
    }
    trim_right(line);
    const std::size_t wanted = line.size() + 2 + label.size();
    if (!label.empty() && wanted <= std::size_t(margin + columns)) line += "  " + label;
    return line;
}

inline std::string legend(std::span<const curve> curves, int margin, bool dots,
                          const terminal_style& style) {
    std::string result, line;
    int used = 0;
    for (std::size_t i = 0; i < curves.size(); ++i) {
        const std::string name = printable(curves[i].name);
        const int columns = 2 + columns_of(name) + 3;
        if (used > 0 && margin + used + columns > style.width) {
            trim_right(line);
            result += line + '\n', line.clear(), used = 0;
        }
        if (used == 0) line.assign(std::size_t(margin), ' ');
        const std::string mark = dots ? "\u2501" : std::string(1, mark_of_curve(i));
        line += in_color(mark, color_of_curve(i), style) + ' ' + name + "   ";
        used += columns;
    }
    trim_right(line);
    return line.empty() ? result : result + line + '\n';
}

}  // namespace detail

int terminal_columns(std::FILE* to) {
    winsize size{};
    const int handle = fileno(to);
    return handle >= 0 && ioctl(handle, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

terminal_style style_of(std::FILE* to) {
    using detail::from_environment;
    terminal_style style;
    style.unicode = detail::locale_is_utf8();
    const int handle = fileno(to);
    if (handle < 0 || !isatty(handle)) return style;
    const std::string_view kind = from_environment("TERM");
    style.live = !kind.empty() && kind != "dumb";
    style.color = style.live && *from_environment("NO_COLOR") == '\0';
    int width = terminal_columns(to);
    if (width == 0) width = std::atoi(from_environment("COLUMNS"));
    if (width > 0) style.width = std::clamp(width, 20, 1000);
    return style;
}

std::string draw_table(const text_table& table, const terminal_style& style) {
    std::vector<int> widths(table.header.size());
    const auto widen = [&](const std::vector<std::string>& row) {
        if (row.size() > widths.size()) widths.resize(row.size());
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], columns_of(printable(row[i])));
    };
    widen(table.header);
    for (const auto& row : table.rows) widen(row);

    const auto line = [&](const std::vector<std::string>& row, const char* color) {
        std::string text;
        for (std::size_t i = 0; i < row.size(); ++i)
            text += (i ? "  " : "") + detail::to_width(printable(row[i]), widths[i], i > 0);
        detail::trim_right(text);
        return (color ? detail::in_color(text, color, style) : text) + '\n';
    };
    std::string result;
    if (!table.header.empty()) {
        int width = -2;
        for (const int w : widths) width += w + 2;
        const std::string rule = detail::repeated(style.unicode ? "\u2500" : "-", width);
        result += line(table.header, "1") + detail::in_color(rule, "2", style) + '\n';
    }
    for (const auto& row : table.rows) result += line(row, nullptr);
    return result;
}

std::string draw_curves(std::span<const curve> curves, const chart_words& words,
                        const terminal_style& style, int height) {
    height = std::max(height, 3);
    const axis y = y_axis(curves, std::max(2, height / 3)), x = x_axis(curves, style.width / 16);
    int margin = 0;
    for (const double tick : y.ticks) margin = std::max(margin, columns_of(fixed(tick, y.digits)));
    const int columns = std::max(8, style.width - margin - 3);
    // Dots of several curves are told apart by colour alone.
    const bool dots = style.unicode && (style.color || curves.size() <= 1);

    detail::canvas canvas(columns, height, dots);
    for (std::size_t c = 0; c < curves.size(); ++c) {
        const curve line = thinned(curves[c], columns);
        double x0 = NAN, y0 = NAN;
        for (std::size_t i = 0; i < line.x.size(); ++i) {
            const double x1 = x.place(line.x[i]), y1 = y.place(line.y[i]);
            const bool good = std::isfinite(x1) && std::isfinite(y1), joined = std::isfinite(y0);
            if (good) canvas.line(joined ? x0 : x1, joined ? y0 : y1, x1, y1, c);
            x0 = x1, y0 = good ? y1 : NAN;
        }
    }

    std::string result;
    if (!words.title.empty()) {
        result += detail::in_color(words.title, "1", style);
        if (!words.y_label.empty()) result += detail::in_color("  " + words.y_label, "2", style);
        result += '\n';
    }
    std::vector<std::string> labels(std::size_t(height), "");
    for (const double tick : y.ticks)
        labels[std::size_t(std::lround((1 - y.place(tick)) * (height - 1)))] =
            fixed(tick, y.digits);
    for (int row = 0; row < height; ++row) {
        const std::string& label = labels[std::size_t(row)];
        const char* edge = !style.unicode ? (label.empty() ? " | " : " + ")
                                          : (label.empty() ? " \u2502 " : " \u2524 ");
        std::string line = detail::to_width(label, margin, true) + edge + canvas.row(row, style);
        detail::trim_right(line);
        result += line + '\n';
    }
    result += std::string(std::size_t(margin), ' ') + (style.unicode ? " \u2514" : " +") +
              detail::repeated(style.unicode ? "\u2500" : "-", columns + 1) + '\n';
    result += detail::x_labels(x, columns, margin + 3, words.x_label) + '\n';
    if (curves.size() > 1) result += detail::legend(curves, margin + 3, dots, style);
    return result;
}

std::string draw_heat(const heat_map& map, const terminal_style& style) {
    int margin = 0;
    for (const auto& row : map.rows) margin = std::max(margin, columns_of(printable(row)));
    std::size_t cell = 3;
    for (const auto& column : map.columns) cell = std::max(cell, std::size_t(columns_of(column)));
    ++cell;
    const std::size_t at_once =
        std::max<std::size_t>(1, std::size_t(std::max(0, style.width - margin)) / cell);
    const double highest = map.highest();

    std::string result;
    if (!map.title.empty()) result += detail::in_color(map.title, "1", style) + '\n';
    for (std::size_t first = 0; first < map.columns.size(); first += at_once) {
        const std::size_t last = std::min(first + at_once, map.columns.size());
        if (first > 0) result += '\n';
        std::string line(std::size_t(margin), ' ');
        for (std::size_t c = first; c < last; ++c)
            line += detail::to_width(map.columns[c], int(cell), true);
        result += detail::in_color(line, "2", style) + '\n';
        for (std::size_t r = 0; r < map.rows.size(); ++r) {
            line = detail::to_width(printable(map.rows[r]), margin, false);
            for (std::size_t c = first; c < last; ++c) {
                const double share = map.at(r, c);
                const std::string text = share < 0.005 ? "." : fixed(100 * share, 0);
                // Weak, ordinary, strong: thirds of the largest cell.
                const char* color = share < highest / 3       ? "2"
                                    : share < highest * 2 / 3 ? nullptr
                                                              : "1;36";
                line += std::string(cell - std::size_t(columns_of(text)), ' ') +
                        detail::in_color(text, color, style);
            }
            result += line + '\n';
        }
    }
    return result;
}

}  // namespace moe
