// SPDX-License-Identifier: MIT
// Which device holds which expert, from the load of each: heavy experts are held several times, and
// the copies are dealt out so that devices carry nearly the same. Where routing is limited to
// groups of experts, the groups of a node stay together, so that a token still goes to few nodes.
// The algorithm is that of EPLB (deepseek-ai/EPLB), hierarchical where the groups divide among the
// nodes, global else.
//
//   moe::place_experts(load, {.copies = 16, .groups = 4, .nodes = 2, .devices = 8});
#pragma once

#include <moe/core/check.hpp>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace moe {

struct placement_shape {
    int copies;       // of all experts together, the same number on each device
    int groups = 1;   // of neighbouring experts
    int nodes = 1;    // the same number of devices each
    int devices = 1;  // of all nodes
};

struct expert_placement {
    std::vector<int> expert;  // of each copy: those of device 0, of device 1, ...
    std::vector<int> copies;  // of each expert
};

namespace detail {

// Items into packs of as many items each: heaviest first, each into the lightest pack with room.
// Gives the items pack after pack.
inline std::vector<int> pack_evenly(std::span<const double> weight, int packs) {
    const std::size_t room = weight.size() / std::size_t(packs);
    std::vector<int> order(weight.size());
    std::iota(order.begin(), order.end(), 0);
    if (room == 1) return order;
    std::stable_sort(order.begin(), order.end(),
                     [&](int a, int b) { return weight[std::size_t(a)] > weight[std::size_t(b)]; });
    std::vector<std::vector<int>> pack(static_cast<std::size_t>(packs));
    std::vector<double> heavy(pack.size(), 0);
    for (const int item : order) {
        std::size_t best = pack.size();
        for (std::size_t p = 0; p < pack.size(); ++p)
            if (pack[p].size() < room && (best == pack.size() || heavy[p] < heavy[best])) best = p;
        pack[best].push_back(item);
        heavy[best] += weight[std::size_t(item)];
    }
    std::vector<int> items;
    for (const auto& one : pack) items.insert(items.end(), one.begin(), one.end());
    return items;
}

// The item of each copy: first each item once, then one more of whatever carries most a copy.
inline std::vector<int> copy_heaviest(std::span<const double> weight, int copies) {
    std::vector<int> item(weight.size());
    std::iota(item.begin(), item.end(), 0);
    std::vector<int> count(weight.size(), 1);
    while (int(item.size()) < copies) {
        std::size_t heaviest = 0;
        for (std::size_t i = 1; i < weight.size(); ++i)
            if (weight[i] / count[i] > weight[heaviest] / count[heaviest]) heaviest = i;
        item.push_back(int(heaviest));
        ++count[heaviest];
    }
    return item;
}

}  // namespace detail

inline expert_placement place_experts(std::span<const double> load, placement_shape shape) {
    const int experts = int(load.size());
    const bool hierarchical = shape.groups % shape.nodes == 0;
    const int groups = hierarchical ? shape.groups : 1, nodes = hierarchical ? shape.nodes : 1;
    MOE_CHECK(experts % groups, ==, 0);
    MOE_CHECK(shape.copies % shape.devices, ==, 0);
    MOE_CHECK(shape.devices % nodes, ==, 0);
    MOE_CHECK(shape.copies, >=, experts);
    const int group_size = experts / groups, on_node = experts / nodes;

    std::vector<double> of_group(static_cast<std::size_t>(groups), 0.0);
    for (int e = 0; e < experts; ++e) of_group[std::size_t(e / group_size)] += load[std::size_t(e)];
    std::vector<int> by_node;  // experts, node after node
    for (const int group : detail::pack_evenly(of_group, nodes))
        for (int i = 0; i < group_size; ++i) by_node.push_back(group * group_size + i);

    expert_placement placed;
    placed.copies.assign(std::size_t(experts), 0);
    for (int node = 0; node < nodes; ++node) {
        const std::span<const int> mine(by_node.data() + node * on_node, std::size_t(on_node));
        std::vector<double> weight;
        for (const int e : mine) weight.push_back(load[std::size_t(e)]);
        const std::vector<int> copy = detail::copy_heaviest(weight, shape.copies / nodes);
        for (const int i : copy) ++placed.copies[std::size_t(mine[std::size_t(i)])];
        std::vector<double> of_copy;
        for (const int i : copy)
            of_copy.push_back(weight[std::size_t(i)] /
                              placed.copies[std::size_t(mine[std::size_t(i)])]);
        for (const int c : detail::pack_evenly(of_copy, shape.devices / nodes))
            placed.expert.push_back(mine[std::size_t(copy[std::size_t(c)])]);
    }
    return placed;
}

// The load of each device when an expert's tokens are shared evenly among its copies.
inline std::vector<double> device_loads(std::span<const double> load,
                                        const expert_placement& placed, int devices) {
    std::vector<double> sum(static_cast<std::size_t>(devices), 0.0);
    const std::size_t each = placed.expert.size() / std::size_t(devices);
    for (std::size_t c = 0; c < placed.expert.size(); ++c) {
        const auto e = std::size_t(placed.expert[c]);
        sum[c / each] += load[e] / placed.copies[e];
    }
    return sum;
}

}  // namespace moe
