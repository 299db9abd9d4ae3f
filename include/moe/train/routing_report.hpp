// SPDX-License-Identifier: MIT
// Where the tokens of some domains went, layer by layer, and what that says: how evenly the experts
// worked, how far they specialised, which were chosen together. All of it follows from integers
// that were counted in forward passes, so it does not depend on threads or on the order of texts.
#pragma once

#include <moe/routing/specialisation.hpp>
#include <moe/train/pair_counts.hpp>
#include <moe/train/step_report.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace moe::io {
class json_writer;
}

namespace moe {

// Up to so many experts, all pairs are kept and written; of more only the strongest.
inline constexpr int most_experts_with_pairs = 64;

struct layer_routing {
    std::vector<std::vector<std::int64_t>> counts;  // by domain: choices of each expert
    expert_load load;                               // of all domains' tokens
    double router_entropy = std::numeric_limits<double>::quiet_NaN();  // share of ln(experts)
    specialisation domains;
    std::vector<expert_pair> strongest;  // three at most
    pair_counts together;                // empty: not kept
};

struct routing_report {
    std::vector<std::string> domains;
    std::int64_t tokens = 0;  // routed in each layer
    std::vector<layer_routing> layers;

    // The mean over layers of a number of theirs; NaN without layers.
    double mean(auto&& of_layer) const {
        double sum = 0;
        for (const layer_routing& one : layers) sum += of_layer(one);
        return sum / double(layers.size());
    }
    double max_violation() const {
        return mean([](const layer_routing& l) { return l.load.max_violation; });
    }
    double load_entropy() const {
        return mean([](const layer_routing& l) { return l.load.entropy; });
    }
    double router_entropy() const {
        return mean([](const layer_routing& l) { return l.router_entropy; });
    }
    double purity() const {
        return mean([](const layer_routing& l) { return l.domains.purity; });
    }
    double information() const {
        return mean([](const layer_routing& l) { return l.domains.information; });
    }
    int dead() const {
        int sum = 0;
        for (const layer_routing& one : layers) sum += one.load.dead;
        return sum;
    }
    // Tables that an overview over time does not need.
    void forget_tables() {
        for (layer_routing& one : layers) one.counts.clear(), one.together = {};
    }
};

// What forward passes leave, whatever the domain.
struct routing_tally {
    std::int64_t tokens = 0;
    std::vector<pair_counts> together;    // one a layer
    std::vector<std::int64_t> undecided;  // one a layer: sum over tokens of their router's entropy
    static constexpr double unit = 1 << 30;  // of that sum, so that it is an integer; -1: not known

    routing_tally(int layers, int experts)
        : together(std::size_t(layers), pair_counts(experts)), undecided(std::size_t(layers)) {}
};

// by_domain: the choices of each domain's tokens.
routing_report routing_report_of(std::vector<std::string> domains,
                                 std::span<const routing_counts> by_domain, routing_tally tally);

// As a JSON object:
//   domains, tokens, max_violation, load_entropy, router_entropy, dead_experts, expert_purity,
//   domain_information (bits), layers: [the same of each, counts: {domain: [choices of each
//   expert]}, strongest_pairs: [{experts, tokens, lift}], pairs: [(0, 1), (0, 2), ... (1, 2), ...]]
void write_routing(io::json_writer&, const routing_report&);
std::string routing_json(const routing_report&);
// The inverse. 'where' is what an error line names: a file and a key.
routing_report read_routing(const std::string& json, const std::string& where);

}  // namespace moe
