// SPDX-License-Identifier: MIT
#include <moe/app/figure.hpp>

#include <tests/support/html.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace moe;
using html::count_of;
using html::fault_of;

namespace {

const double unknown = std::numeric_limits<double>::quiet_NaN();
const std::string evil = "<b>\"x\"</b> & 'y' \x80\x1b";
const std::string tamed = "&lt;b&gt;&quot;x&quot;&lt;/b&gt; &amp; &#39;y&#39; \uFFFD\uFFFD";

curve falling(const std::string& name, int count) {
    curve c{name, {}, {}};
    for (int i = 0; i < count; ++i) c.x.push_back(i), c.y.push_back(5.0 - 3.0 * i / count);
    return c;
}

// What stands in d="..." of the i-th path of this class.
std::string path(const std::string& text, const std::string& of_class, int i = 0) {
    std::size_t at = 0;
    for (; i >= 0; --i) {
        at = text.find("class=\"" + of_class + "\"", at + 1);
        REQUIRE(at != std::string::npos);
    }
    at = text.find("d=\"", at) + 3;
    return text.substr(at, text.find('"', at) - at);
}

}  // namespace

TEST_CASE("figure: the checker itself sees what is wrong") {
    CHECK(fault_of("<p class=\"a\">a &amp; b<br>c</p>") == "");
    CHECK(fault_of("<p><b></p></b>") != "");
    CHECK(fault_of("<p>") != "");
    CHECK(fault_of("</p>") != "");
    CHECK(fault_of("<p>a < b</p>") != "");
    CHECK(fault_of("<p>a & b</p>") != "");
    CHECK(fault_of("<p class=a></p>") != "");
    CHECK(fault_of("<p class=\"a></p>") != "");
    CHECK(fault_of("<rect x=\"1\"/>") == "");
    CHECK(html::reference_in("<p>a</p>") == "");
    CHECK(html::reference_in("<img src=\"a\">") != "");
}

TEST_CASE("figure: text is escaped wherever it goes in") {
    CHECK(html_text(evil) == tamed);
    CHECK(html_text("a\nb\tc") == "a\nb\tc");
    const fact facts[] = {{evil, evil, evil}};
    const bar bars[] = {{evil, evil, 1, {2}}};
    const std::string marks[] = {evil};
    const curve two[] = {falling(evil, 3), falling(evil, 3)};
    const heat_map map{evil, {evil}, {evil}, {1}};
    const std::pair<std::string, int> figures[] = {
        {tiles_html(facts), 3},
        {facts_html(evil, facts), 4},
        {bars_html(bars, evil, marks), 4},
        {table_html({{evil}, {{evil, evil}}}), 3},
        {lines_html(two, {evil, evil, evil, evil}), 4 + 2 + 2 + 3},
        {heat_html(map, 1), 2 + 1 + 1 + 2},
    };
    for (const auto& [text, times] : figures) {
        CHECK(fault_of(text) == "");
        CHECK(count_of(text, tamed) == times);
        CHECK(text.find("<b>\"") == std::string::npos);
    }
}

TEST_CASE("figure: nothing in, still a figure out") {
    CHECK(fault_of(tiles_html({})) == "");
    CHECK(fault_of(facts_html("", {})) == "");
    CHECK(fault_of(lines_html({}, {})) == "");
    CHECK(fault_of(bars_html({}, "", {})) == "");
    CHECK(fault_of(table_html({})) == "");
    CHECK(fault_of(heat_html({}, 0)) == "");
    const heat_map dark{"", {"a"}, {"0", "1"}, {0, unknown}};
    CHECK(fault_of(heat_html(dark, 0)) == "");
    CHECK(heat_html(dark, 0).find("nan") == std::string::npos);
}

TEST_CASE("figure: a line goes where its points are") {
    const curve line{"a", {0, 5, 10}, {0, 2, 4}};
    // The axis is 0 to 4: x 0..1000 to the right, y 0..300 downwards.
    CHECK(path(lines_html({&line, 1}, {}), "line c0") == "M0.0 300.0L500.0 150.0L1000.0 0.0");
    CHECK(count_of(lines_html({&line, 1}, {}), "class=\"legend\"") == 0);
    const curve two[] = {line, {"b", {0, 10}, {1, 3}}};
    const std::string both = lines_html(two, {});
    CHECK(count_of(both, "<li ") == 2);
    CHECK(both.find("<li class=\"c0\">a <b>4</b></li>") != std::string::npos);
    const curve broken[] = {line, {"b", {0, 10}, {1.25, 3}}};
    CHECK(lines_html(broken, {}).find(" <b>4.0</b></li>") != std::string::npos);
}

TEST_CASE("figure: gaps are not bridged, lone points are dots, nothing is not a number") {
    const curve line{"a", {0, 1, 2, 3, 4}, {0, unknown, 2, 4, unknown}};
    const std::string text = lines_html({&line, 1}, {});
    CHECK(path(text, "line c0") == "M0.0 300.0h0M500.0 150.0L750.0 0.0");
    CHECK(text.find("nan") == std::string::npos);
}

TEST_CASE("figure: a noisy line is drawn twice, a long one thinned") {
    const curve noise = falling("a", 100'000);
    const std::string text = lines_html({&noise, 1}, {}, {.noisy = true});
    CHECK(count_of(path(text, "line faint c0"), "L") == 1199);
    CHECK(count_of(path(text, "line c0"), "L") == 399);
    CHECK(text.size() < 40'000);
    CHECK(fault_of(text) == "");
}

TEST_CASE("figure: the ninth curve has the first one's colour and dashes") {
    std::vector<curve> nine;
    for (int i = 0; i < 9; ++i) nine.push_back(falling("curve", 3));
    const std::string text = lines_html(nine, {});
    CHECK(count_of(text, "<path class=\"line c0\"") == 1);
    CHECK(count_of(text, "<path class=\"line c0 dashed\"") == 1);
    CHECK(count_of(text, "<li class=\"c0 dashed\"") == 1);
}

TEST_CASE("figure: the strength of a cell is its share of the highest") {
    const heat_map map{"layer", {"biology", "law"}, {"0", "1"}, {0.5, 0.25, 0, 1}};
    const std::string text = heat_html(map, 1);
    for (const char* opacity : {"0.500", "0.250", "0.000", "1.000"})
        CHECK(count_of(text, std::string("fill-opacity=\"") + opacity + "\"") == 1);
    CHECK(text.find("<title>law, 1: 100.0 %</title>") != std::string::npos);
    CHECK(text.find("<b>100</b>") != std::string::npos);
    CHECK(text.find("<i>50</i>") != std::string::npos);
    CHECK(text.find("<i></i>") != std::string::npos);  // no 0: the eye finds what is there
    CHECK(count_of(heat_html(map, 0.5), "fill-opacity=\"1.000\"") == 2);
}

TEST_CASE("figure: a map of 256 experts stays small, each cell in one path") {
    heat_map map{"layer", {"a", "b", "c", "d"}, {}, {}};
    for (int e = 0; e < 256; ++e) map.columns.push_back(std::to_string(e));
    for (int i = 0; i < 1024; ++i) map.cells.push_back((i % 32 + 1) / 32.0);
    const std::string text = heat_html(map, 1);
    CHECK(fault_of(text) == "");
    CHECK(text.size() < 25'000);
    CHECK(count_of(text, "<path ") == 32);
    CHECK(count_of(text, "h1v1h-1z") == 1024);
    CHECK(count_of(text, "<span style=\"left:") == 16);
}

TEST_CASE("figure: bars and marks share one scale, and unknown marks are left out") {
    const bar bars[] = {{"biology", "2", 2, {4, unknown}}, {"law", "1", 1, {2, 3}}};
    const std::string names[] = {"gzip -9", "unigram"};
    const std::string text = bars_html(bars, "model", names);
    CHECK(fault_of(text) == "");
    CHECK(text.find("class=\"bar\" width=\"495.0\"") != std::string::npos);
    CHECK(path(text, "mark m0", 1) == "M990.1 0V10");  // 0 is the legend's
    CHECK(path(text, "mark m0", 2) == "M495.0 0V10");
    CHECK(count_of(text, "<path class=\"mark m1\"") == 1);
    CHECK(bars_html(bars, "model", {}).find("legend") == std::string::npos);
}

TEST_CASE("figure: a table's first column are headings of rows") {
    CHECK(table_html({{"domain", "bits"}, {{"law", "2"}}}) ==
          "<div class=\"scroll\"><table>\n<thead>\n<tr><th>domain</th><th>bits</th></tr>\n"
          "</thead>\n<tbody>\n<tr><th scope=\"row\">law</th><td>2</td></tr>\n</tbody>\n"
          "</table></div>\n");
}
