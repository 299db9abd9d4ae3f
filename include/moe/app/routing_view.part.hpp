// SPDX-License-Identifier: MIT
// The definitions of routing_view.hpp, compiled once.
#pragma once

#include <moe/app/format.hpp>
#include <moe/app/routing_view.hpp>

#include <cmath>

namespace moe {

namespace detail {

inline std::vector<std::string> numbers_to(int count) {
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) names.push_back(std::to_string(i));
    return names;
}
inline std::string name_of_layer(std::size_t layer) {
    return "Mixture layer " + std::to_string(layer + 1);
}

}  // namespace detail

std::vector<heat_map> domain_maps(const routing_report& r) {
    std::vector<heat_map> maps;
    for (std::size_t l = 0; l < r.layers.size(); ++l) {
        const auto& counts = r.layers[l].counts;
        if (counts.empty()) continue;
        heat_map map{
            detail::name_of_layer(l), r.domains, detail::numbers_to(int(counts[0].size())), {}};
        for (const auto& domain : counts) {
            const double all = double(detail::sum_of(domain.data(), int(domain.size())));
            for (const std::int64_t count : domain)
                map.cells.push_back(all > 0 ? double(count) / all : 0);
        }
        maps.push_back(std::move(map));
    }
    return maps;
}

std::vector<heat_map> pair_maps(const routing_report& r, std::size_t most_cells) {
    std::vector<heat_map> maps;
    std::size_t cells = 0;
    for (const layer_routing& layer : r.layers)
        cells += std::size_t(layer.together.experts()) * std::size_t(layer.together.experts());
    if (cells > most_cells) return maps;
    for (std::size_t l = 0; l < r.layers.size(); ++l) {
        const pair_counts& pairs = r.layers[l].together;
        const int experts = pairs.experts();
        std::int64_t most = 0;
        for (const std::int64_t count : pairs.all()) most = count > most ? count : most;
        if (most == 0) continue;
        heat_map map{
            detail::name_of_layer(l), detail::numbers_to(experts), detail::numbers_to(experts), {}};
        for (int i = 0; i < experts; ++i) {
            std::int64_t tokens = 0;
            for (const auto& domain : r.layers[l].counts) tokens += domain[std::size_t(i)];
            for (int j = 0; j < experts; ++j)
                map.cells.push_back(
                    i == j || tokens == 0 ? 0 : double(pairs.at(i, j)) / double(tokens));
        }
        maps.push_back(std::move(map));
    }
    return maps;
}

text_table routing_table(const routing_report& r) {
    text_table table{{"layer"}, std::vector<std::vector<std::string>>(r.layers.size())};
    for (std::size_t l = 0; l < r.layers.size(); ++l)
        table.rows[l].push_back(std::to_string(l + 1));
    const auto column = [&](const char* name, auto&& value, auto&& text) {
        bool known = false;
        for (const layer_routing& layer : r.layers) known = known || std::isfinite(value(layer));
        if (!known) return;
        table.header.push_back(name);
        for (std::size_t l = 0; l < r.layers.size(); ++l)
            table.rows[l].push_back(text(value(r.layers[l])));
    };
    const auto three = [](double x) { return fixed(x, 3); };
    const auto whole = [](double x) { return fixed(x, 0); };
    using layer = layer_routing;
    column(
        "max violation", [](const layer& l) { return l.load.max_violation; }, three);
    column(
        "dead", [](const layer& l) { return double(l.load.dead); }, whole);
    column(
        "load entropy", [](const layer& l) { return l.load.entropy; }, three);
    column(
        "router entropy", [](const layer& l) { return l.router_entropy; }, three);
    column(
        "purity", [](const layer& l) { return l.domains.purity; }, three);
    column(
        "bits on domain", [](const layer& l) { return l.domains.information; }, three);
    bool pairs = false;
    for (const layer& l : r.layers) pairs = pairs || !l.strongest.empty();
    if (!pairs) return table;
    table.header.push_back("most together");
    for (std::size_t l = 0; l < r.layers.size(); ++l) {
        const auto& strongest = r.layers[l].strongest;
        table.rows[l].push_back(strongest.empty() ? ""
                                                  : std::to_string(strongest[0].first) + "+" +
                                                        std::to_string(strongest[0].second) + " (" +
                                                        fixed(strongest[0].lift, 1) + "x)");
    }
    return table;
}

std::string routing_text(const routing_report& r, const terminal_style& style) {
    std::string text;
    const auto maps = domain_maps(r);
    for (std::size_t i = 0; i < maps.size(); ++i)
        if (maps.size() <= 6 || i == 0 || i + 1 == maps.size())
            text += draw_heat(maps[i], style) + "\n";
    if (!r.layers.empty()) text += draw_table(routing_table(r), style);
    return text;
}

}  // namespace moe
