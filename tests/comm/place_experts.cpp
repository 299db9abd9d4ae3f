// SPDX-License-Identifier: MIT
#include <moe/comm/place_experts.hpp>
#include <moe/core/random.hpp>

#include <doctest/doctest.h>

#include <set>

namespace {

double imbalance(std::span<const double> load, const moe::expert_placement& placed, int devices) {
    const std::vector<double> sums = moe::device_loads(load, placed, devices);
    const double total = std::accumulate(sums.begin(), sums.end(), 0.0);
    return *std::max_element(sums.begin(), sums.end()) / (total / devices);
}

// Loads as trained routers have them: a few experts much heavier than the rest.
std::vector<double> random_load(int experts, std::uint64_t seed) {
    std::vector<double> load;
    for (int e = 0; e < experts; ++e)
        load.push_back(1 / (0.05 + double(moe::random_uniform(seed, 0, std::uint64_t(e)))));
    return load;
}

}  // namespace

TEST_CASE("the example that EPLB's own page gives") {
    const double first[] = {90, 132, 40, 61, 104, 165, 39, 4, 73, 56, 183, 86};
    const double second[] = {20, 107, 104, 64, 19, 197, 187, 157, 172, 86, 16, 27};
    const moe::placement_shape shape{.copies = 16, .groups = 4, .nodes = 2, .devices = 8};
    const moe::expert_placement a = place_experts(first, shape), b = place_experts(second, shape);
    CHECK(a.expert == std::vector<int>{5, 6, 5, 7, 8, 4, 3, 4, 10, 9, 10, 2, 0, 1, 11, 1});
    CHECK(b.expert == std::vector<int>{7, 10, 6, 8, 6, 11, 8, 9, 2, 4, 5, 1, 5, 0, 3, 1});
    CHECK(imbalance(first, a, 8) == doctest::Approx(1.208).epsilon(1e-3));
    CHECK(imbalance(second, b, 8) == doctest::Approx(1.242).epsilon(1e-3));
}

TEST_CASE("every expert is somewhere, every device is full, groups stay on a node") {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        const int nodes = 1 << seed % 3, devices = nodes * 4;
        const int groups = nodes * (1 + int(seed % 2)), experts = groups * 6;
        const int copies = (experts / devices + 2) * devices;
        const std::vector<double> load = random_load(experts, seed);
        const auto placed = moe::place_experts(
            load, {.copies = copies, .groups = groups, .nodes = nodes, .devices = devices});
        REQUIRE(int(placed.expert.size()) == copies);
        std::vector<int> counted(std::size_t(experts), 0);
        for (const int e : placed.expert) ++counted[std::size_t(e)];
        CHECK(counted == placed.copies);
        CHECK(*std::min_element(counted.begin(), counted.end()) >= 1);
        std::vector<std::set<int>> nodes_of(static_cast<std::size_t>(groups));
        for (int c = 0; c < copies; ++c)
            nodes_of[std::size_t(placed.expert[std::size_t(c)] / (experts / groups))].insert(
                c / (copies / nodes));
        for (const auto& one : nodes_of) CHECK(one.size() == 1);
    }
}

TEST_CASE("copies make skewed loads nearly even") {
    double with = 0, without = 0;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        const std::vector<double> load = random_load(64, seed);
        with += imbalance(load, moe::place_experts(load, {.copies = 80, .devices = 16}), 16) / 10;
        without +=
            imbalance(load, moe::place_experts(load, {.copies = 64, .devices = 16}), 16) / 10;
    }
    CHECK(with < 1.1);
    CHECK(without > 1.3);
}

TEST_CASE("where groups do not divide among nodes, the placement is global") {
    const std::vector<double> load = random_load(12, 3);
    const auto odd =
        moe::place_experts(load, {.copies = 16, .groups = 3, .nodes = 2, .devices = 8});
    CHECK(odd.expert == moe::place_experts(load, {.copies = 16, .devices = 8}).expert);
}
