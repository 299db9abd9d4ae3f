// SPDX-License-Identifier: MIT
#include <moe/app/format.hpp>
#include <moe/app/terminal.hpp>

#include <tests/support/environment.hpp>
#include <tests/support/pseudo_terminal.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <sstream>
#include <string>
#include <vector>

using namespace moe;

namespace {

const terminal_style ascii{60, false, false, false}, dots{60, true, true, true};

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream from(text);
    for (std::string line; std::getline(from, line);) lines.push_back(line);
    return lines;
}

// As a terminal shows it: without the escape sequences of colours.
std::string without_color(const std::string& text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i] == '\x1b')
            i = text.find('m', i);
        else
            result += text[i];
    return result;
}

curve falling(const char* name, int count, double high, double low) {
    curve c{name, {}, {}};
    for (int i = 0; i < count; ++i)
        c.x.push_back(i), c.y.push_back(low + (high - low) * std::exp(-5.0 * i / count));
    return c;
}

}  // namespace

TEST_CASE("terminal: a file is no terminal") {
    const environment set{{"TERM", "xterm"},       {"LC_ALL", nullptr},   {"LC_CTYPE", nullptr},
                          {"LANG", "de_DE.UTF-8"}, {"NO_COLOR", nullptr}, {"COLUMNS", "50"}};
    std::FILE* file = std::tmpfile();
    const terminal_style style = style_of(file);
    CHECK(terminal_columns(file) == 0);
    std::fclose(file);
    CHECK_FALSE(style.live);
    CHECK_FALSE(style.color);
    CHECK(style.unicode);
    CHECK(style.width == 80);
}

TEST_CASE("terminal: what a terminal and the environment say") {
    pseudo_terminal terminal(132);
    REQUIRE(terminal.stream() != nullptr);
    const environment usual{{"TERM", "xterm"},  {"LC_ALL", nullptr},   {"LC_CTYPE", nullptr},
                            {"LANG", "C.utf8"}, {"NO_COLOR", nullptr}, {"COLUMNS", "50"}};
    terminal_style style = style_of(terminal.stream());
    CHECK(style.live);
    CHECK(style.color);
    CHECK(style.unicode);
    CHECK(style.width == 132);
    CHECK(terminal_columns(terminal.stream()) == 132);
    SUBCASE("NO_COLOR counts when it is not empty") {
        const environment empty{{"NO_COLOR", ""}};
        CHECK(style_of(terminal.stream()).color);
        const environment set{{"NO_COLOR", "1"}};
        style = style_of(terminal.stream());
        CHECK_FALSE(style.color);
        CHECK(style.live);
    }
    SUBCASE("a dumb terminal gets plain lines") {
        const environment dumb{{"TERM", "dumb"}};
        style = style_of(terminal.stream());
        CHECK_FALSE(style.live);
        CHECK_FALSE(style.color);
    }
    SUBCASE("LC_ALL wins over LANG") {
        const environment c{{"LC_ALL", "C"}};
        CHECK_FALSE(style_of(terminal.stream()).unicode);
    }
    SUBCASE("COLUMNS where the terminal does not know") {
        terminal.resize(0);
        CHECK(style_of(terminal.stream()).width == 50);
        const environment odd{{"COLUMNS", "many"}};
        CHECK(style_of(terminal.stream()).width == 80);
    }
}

TEST_CASE("table: the first column to the left, numbers to the right, nothing misaligned") {
    const text_table table{{"domain", "bits per byte", "gzip -9"},
                           {{"biology", "1.981", "2.77"}, {"größe", "-", "12.80"}}};
    CHECK(draw_table(table, ascii) ==
          "domain   bits per byte  gzip -9\n"
          "-------------------------------\n"
          "biology          1.981     2.77\n"
          "größe                -    12.80\n");
    for (const std::string& line : lines_of(without_color(draw_table(table, dots))))
        CHECK(columns_of(line) == 31);
    CHECK(draw_table({}, ascii) == "");
    CHECK(draw_table({{}, {{"a", "b"}, {"long", "c", "d"}}}, ascii) ==
          "a     b\n"
          "long  c  d\n");
}

TEST_CASE("table: what a file name or a model puts into a cell cannot break the lines") {
    const std::string text = draw_table({{"domain"}, {{"a\nb\x1b[31m"}}}, ascii);
    CHECK(lines_of(text).size() == 3);
    CHECK(text.find('\x1b') == std::string::npos);
}

TEST_CASE("curves: no line is wider than the terminal, and there are as many as asked for") {
    const std::vector<curve> two{falling("train", 900, 5.5, 1.3), falling("biology", 10, 6, 2)};
    for (const int width : {20, 60, 131})
        for (const int height : {3, 8, 20})
            for (const int kind : {0, 1, 2, 3}) {
                const terminal_style style{width, kind > 0, kind == 1, kind > 1};
                const auto lines = lines_of(
                    without_color(draw_curves(two, {"Loss", "steps", "nats", ""}, style, height)));
                CHECK(lines.size() >= std::size_t(height + 4));
                for (const std::string& line : lines) {
                    CHECK_MESSAGE(columns_of(line) <= width, line);
                    CHECK((line.empty() || line.back() != ' '));
                }
            }
}

TEST_CASE("curves: a falling curve goes from the upper left to the lower right") {
    const curve line{"loss", {0, 100}, {6, 0}};
    const auto lines = lines_of(draw_curves({&line, 1}, {}, ascii, 6));
    CHECK(lines[0].find('*') < 8);
    CHECK(lines[5].rfind('*') == lines[5].size() - 1);
    CHECK(lines[5].size() > 50);
    CHECK(lines[0].substr(0, 3) == "6 +");
    CHECK(lines[5].substr(0, 3) == "0 +");
    for (int row = 1; row < 6; ++row) CHECK(lines[row].find('*') > lines[row - 1].find('*'));
}

TEST_CASE("curves: several without colours are told apart by marks, with colours by colour") {
    const std::vector<curve> two{falling("train", 90, 5.5, 1.3), falling("biology", 10, 6, 2)};
    const std::string plain = draw_curves(two, {}, {60, true, false, true});
    CHECK(plain.find("* train") != std::string::npos);
    CHECK(plain.find("o biology") != std::string::npos);
    CHECK(plain.find('\x1b') == std::string::npos);
    const std::string colored = draw_curves(two, {}, dots);
    CHECK(colored.find("\x1b[36m\u2501\x1b[0m train") != std::string::npos);
    CHECK(colored.find("\x1b[33m\u2501\x1b[0m biology") != std::string::npos);
}

TEST_CASE("curves: a gap is not drawn, a single point is") {
    const curve gap{"loss", {0, 1, 2, 3, 4}, {1, 1, std::nan(""), std::nan(""), 1}};
    const std::string row = lines_of(draw_curves({&gap, 1}, {}, ascii, 3))[1];
    CHECK(row.find("*") != std::string::npos);
    CHECK(row.find("          ") != std::string::npos);
    CHECK(row.back() == '*');
    const curve point{"loss", {7}, {1}};
    CHECK(draw_curves({&point, 1}, {}, ascii).find('*') != std::string::npos);
    CHECK(draw_curves({}, {"Nothing", "", "", ""}, ascii).find("Nothing") == 0);
}

TEST_CASE("heat map: percent, zeros as points, and blocks where the terminal is too narrow") {
    heat_map map{"layer 1", {"biology", "law"}, {"0", "1", "2"}, {0.004, 0.5, 0.496, 1, 0, 0}};
    CHECK(draw_heat(map, ascii) ==
          "layer 1\n"
          "          0   1   2\n"
          "biology   .  50  50\n"
          "law     100   .   .\n");
    CHECK(without_color(draw_heat(map, dots)) == draw_heat(map, ascii));
    map = {"", {"biology"}, {}, {}};
    for (int e = 0; e < 64; ++e)
        map.columns.push_back(std::to_string(e)), map.cells.push_back(1 / 64.0);
    const auto lines = lines_of(draw_heat(map, ascii));
    CHECK(lines.size() == 5 * 3 - 1);
    for (const std::string& line : lines) CHECK(line.size() <= 60);
    CHECK(lines[3].find("13") != std::string::npos);
}
