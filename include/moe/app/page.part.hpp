// SPDX-License-Identifier: MIT
// What the pages of this room share; a helper of report.part.hpp and its neighbours.
#pragma once

#include <moe/app/figure.hpp>
#include <moe/app/format.hpp>
#include <moe/app/report_style.part.hpp>
#include <moe/core/config.hpp>

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace moe::detail {

// Maps in the same colours, with what these mean.
inline std::string maps_html(std::span<const heat_map> maps) {
    double highest = 0;
    for (const heat_map& map : maps) highest = std::max(highest, map.highest());
    std::string text =
        "<p class=\"scale\">0 %<svg viewBox=\"0 0 8 1\" preserveAspectRatio=\"none\" "
        "aria-hidden=\"true\">";
    for (int i = 0; i < 8; ++i)
        text += "<rect x=\"" + std::to_string(i) + "\" width=\"1\" height=\"1\" fill-opacity=\"" +
                fixed((i + 0.5) / 8, 2) + "\"/>";
    text += "</svg>" + percent(highest) + "</p>\n<div class=\"maps\">\n";
    for (const heat_map& map : maps) text += heat_html(map, highest);
    return text + "</div>\n";
}

// Curves of training and of held-out text: shown where training has more than a point.
inline void keep_curves(std::vector<curve>& into, curve& training, curve& held_out) {
    if (training.x.size() > 1) into.push_back(std::move(training));
    if (!held_out.x.empty() && !into.empty()) into.push_back(std::move(held_out));
}

inline std::string html_page(const std::string& title, const std::string& body,
                             const std::string& foot = "") {
    return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
           html_text(title) + "</title>\n<style>" + report_style +
           "</style>\n</head>\n<body>\n<main>\n" + body + "<footer>moe " +
           std::to_string(MOE_VERSION_MAJOR) + "." + std::to_string(MOE_VERSION_MINOR) + "." +
           std::to_string(MOE_VERSION_PATCH) + html_text(foot) +
           "</footer>\n</main>\n</body>\n</html>\n";
}

}  // namespace moe::detail
