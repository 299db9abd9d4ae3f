// SPDX-License-Identifier: MIT
// The definitions of routing_report.hpp, compiled once.
#pragma once

#include <moe/io/json.hpp>
#include <moe/io/strict_json.part.hpp>
#include <moe/train/routing_report.hpp>

#include <utility>

namespace moe {

namespace detail {

inline layer_routing layer_routing_of(std::vector<std::vector<std::int64_t>> counts) {
    layer_routing layer;
    layer.counts = std::move(counts);
    const int experts = layer.counts.empty() ? 0 : int(layer.counts[0].size());
    std::vector<std::int64_t> all(std::size_t(experts), 0), table;
    for (const auto& domain : layer.counts) {
        table.insert(table.end(), domain.begin(), domain.end());
        for (std::size_t e = 0; e < all.size(); ++e) all[e] += domain[e];
    }
    layer.load = load_of(all.data(), experts);
    layer.domains = specialisation_of({table.data(), int(layer.counts.size()), experts});
    return layer;
}

inline std::string compact(std::span<const std::int64_t> numbers) {
    std::string text = "[";
    for (const std::int64_t number : numbers)
        text += (text.size() > 1 ? ", " : "") + std::to_string(number);
    return text + "]";
}

inline void write_figures(io::json_writer& json, double max_violation, double load_entropy,
                          double router_entropy, int dead, double purity, double information) {
    json.field("max_violation", max_violation)
        .field("load_entropy", load_entropy)
        .field("router_entropy", router_entropy)
        .field("dead_experts", dead)
        .field("expert_purity", purity)
        .field("domain_information", information);
}

// Reads what it is sure of, and names what is not as expected.
struct routing_reader {
    std::string where;

    [[noreturn]] void wrong(const std::string& key, const char* expected) const {
        throw error(where + ": the value of \"" + key + "\" is not " + expected);
    }
    const nlohmann::json& at(const nlohmann::json& in, const char* key) const {
        const auto found = in.find(key);
        if (found == in.end()) throw error(where + ": the key \"" + key + "\" is missing");
        return *found;
    }
    std::int64_t count(const nlohmann::json& value, const char* key) const {
        if (!value.is_number_unsigned()) wrong(key, "a whole number of at least 0");
        const auto number = value.get<std::uint64_t>();
        if (number > std::uint64_t{1} << 53) wrong(key, "a whole number below 2^53");
        return std::int64_t(number);
    }
    std::vector<std::int64_t> counts(const nlohmann::json& value, const char* key) const {
        if (!value.is_array()) wrong(key, "an array of whole numbers");
        std::vector<std::int64_t> all;
        for (const nlohmann::json& one : value) all.push_back(count(one, key));
        return all;
    }
    layer_routing layer(const nlohmann::json& value,
                        const std::vector<std::string>& domains) const {
        if (!value.is_object()) wrong("layers", "an array of objects");
        const nlohmann::json& tables = at(value, "counts");
        if (!tables.is_object()) wrong("counts", "an object by domain");
        std::vector<std::vector<std::int64_t>> by_domain;
        for (const std::string& domain : domains) {
            by_domain.push_back(counts(at(tables, domain.c_str()), "counts"));
            const std::size_t experts = by_domain[0].size();
            if (by_domain.back().size() != experts || experts == 0)
                wrong("counts", "a table of one width");
        }
        layer_routing result = layer_routing_of(std::move(by_domain));
        const nlohmann::json& entropy = at(value, "router_entropy");
        if (entropy.is_number()) result.router_entropy = entropy.get<double>();
        const int experts = result.counts.empty() ? 0 : int(result.counts[0].size());
        for (const nlohmann::json& one : at(value, "strongest_pairs")) {
            const auto both = counts(at(one, "experts"), "experts");
            const nlohmann::json& lift = at(one, "lift");
            if (both.size() != 2 || both[0] >= both[1] || both[1] >= experts)
                wrong("experts", "two numbers of experts, ascending");
            if (!lift.is_number()) wrong("lift", "a number");
            result.strongest.push_back({int(both[0]), int(both[1]),
                                        count(at(one, "tokens"), "tokens"), lift.get<double>()});
        }
        if (const auto pairs = value.find("pairs"); pairs != value.end()) {
            result.together = pair_counts(experts);
            const auto all = counts(*pairs, "pairs");
            if (all.size() != result.together.all().size())
                wrong("pairs", "a number for every pair of experts");
            std::copy(all.begin(), all.end(), result.together.all().begin());
        }
        return result;
    }
};

}  // namespace detail

routing_report routing_report_of(std::vector<std::string> domains,
                                 std::span<const routing_counts> by_domain, routing_tally tally) {
    MOE_CHECK(domains.size(), ==, by_domain.size());
    routing_report report;
    report.domains = std::move(domains);
    report.tokens = tally.tokens;
    for (std::size_t l = 0; l < tally.together.size(); ++l) {
        std::vector<std::vector<std::int64_t>> counts;
        std::vector<std::int64_t> all(std::size_t(tally.together[l].experts()), 0);
        for (const routing_counts& domain : by_domain) {
            const auto of_layer = domain.layer(int(l));
            counts.emplace_back(of_layer.begin(), of_layer.end());
            for (std::size_t e = 0; e < all.size(); ++e) all[e] += of_layer[e];
        }
        layer_routing layer = detail::layer_routing_of(std::move(counts));
        if (tally.tokens > 0 && tally.undecided[l] >= 0)
            layer.router_entropy =
                double(tally.undecided[l]) / (routing_tally::unit * double(tally.tokens));
        layer.strongest = tally.together[l].strongest(all.data(), 3);
        if (int(all.size()) <= most_experts_with_pairs)
            layer.together = std::move(tally.together[l]);
        report.layers.push_back(std::move(layer));
    }
    return report;
}

void write_routing(io::json_writer& json, const routing_report& r) {
    json.object().key("domains").array();
    for (const std::string& domain : r.domains) json.value(domain);
    json.close().field("tokens", r.tokens);
    detail::write_figures(json, r.max_violation(), r.load_entropy(), r.router_entropy(), r.dead(),
                          r.purity(), r.information());
    json.key("layers").array();
    for (const layer_routing& layer : r.layers) {
        json.object();
        detail::write_figures(json, layer.load.max_violation, layer.load.entropy,
                              layer.router_entropy, layer.load.dead, layer.domains.purity,
                              layer.domains.information);
        json.key("counts").object();
        for (std::size_t d = 0; d < layer.counts.size(); ++d)
            json.key(r.domains[d]).raw(detail::compact(layer.counts[d]));
        json.close().key("strongest_pairs").array();
        for (const expert_pair& pair : layer.strongest) {
            const std::int64_t both[] = {pair.first, pair.second};
            json.object()
                .key("experts")
                .raw(detail::compact(both))
                .field("tokens", pair.tokens)
                .field("lift", pair.lift)
                .close();
        }
        json.close();
        if (layer.together.experts() > 0)
            json.key("pairs").raw(detail::compact(std::as_const(layer.together).all()));
        json.close();
    }
    json.close().close();
}

std::string routing_json(const routing_report& r) {
    io::json_writer json(2);
    write_routing(json, r);
    return json.text();
}

routing_report read_routing(const std::string& text, const std::string& where) {
    const nlohmann::json json = io::strict_json(text, where);
    const detail::routing_reader read{where};
    if (!json.is_object()) throw error(where + ": a JSON object was expected");
    routing_report r;
    const nlohmann::json &domains = read.at(json, "domains"), &layers = read.at(json, "layers");
    if (!domains.is_array()) read.wrong("domains", "an array of names");
    for (const nlohmann::json& domain : domains) {
        if (!domain.is_string()) read.wrong("domains", "an array of names");
        r.domains.push_back(domain.get<std::string>());
    }
    r.tokens = read.count(read.at(json, "tokens"), "tokens");
    if (!layers.is_array()) read.wrong("layers", "an array of objects");
    for (const nlohmann::json& layer : layers) r.layers.push_back(read.layer(layer, r.domains));
    return r;
}

}  // namespace moe
