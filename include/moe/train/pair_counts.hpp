// SPDX-License-Identifier: MIT
// Which experts are chosen together: for every pair, the tokens that chose both.
#pragma once

#include <moe/core/check.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace moe {

// lift: how many times as often as their loads alone would bring them together. Choices of one
// token differ, so chance is (tokens of i) x (tokens of j), scaled to the sum over all pairs.
struct expert_pair {
    int first = 0, second = 0;  // ascending
    std::int64_t tokens = 0;
    double lift = 1;
};

class pair_counts {
public:
    pair_counts() = default;
    explicit pair_counts(int experts)
        : experts_(experts), counts_(std::size_t(experts) * std::size_t(experts - 1) / 2) {}

    int experts() const { return experts_; }
    // i and j differ.
    std::int64_t at(int i, int j) const { return counts_[place(i, j)]; }
    // (0, 1), (0, 2) ... (1, 2) ...
    std::span<const std::int64_t> all() const { return counts_; }
    std::span<std::int64_t> all() { return counts_; }

    // chosen: (tokens, active); -1 is no choice.
    void add(const int* chosen, int tokens, int active) {
        for (int t = 0; t < tokens; ++t, chosen += active)
            for (int i = 0; i < active; ++i)
                for (int j = i + 1; j < active; ++j)
                    if (chosen[i] >= 0 && chosen[j] >= 0) ++counts_[place(chosen[i], chosen[j])];
    }

    // The pairs that exceed chance by most tokens, the most exceeding first; ties to the lower
    // experts. load: (experts) tokens of each.
    std::vector<expert_pair> strongest(const std::int64_t* load, int wanted) const {
        std::vector<expert_pair> best;
        double together = 0, chance = 0;
        each([&](int i, int j, std::int64_t tokens) {
            together += double(tokens);
            chance += double(load[i]) * double(load[j]);
        });
        if (together == 0) return best;
        const double scale = together / chance;
        const auto excess = [&](const expert_pair& p) {
            return double(p.tokens) - scale * double(load[p.first]) * double(load[p.second]);
        };
        each([&](int i, int j, std::int64_t tokens) {
            if (tokens == 0) return;
            const expert_pair pair{i, j, tokens,
                                   double(tokens) / (scale * double(load[i]) * double(load[j]))};
            auto at = best.begin();
            while (at != best.end() && excess(*at) >= excess(pair)) ++at;
            best.insert(at, pair);
            if (int(best.size()) > wanted) best.pop_back();
        });
        return best;
    }

private:
    std::size_t place(int i, int j) const {
        MOE_CHECK(i, !=, j);
        const auto low = std::size_t(i < j ? i : j), high = std::size_t(i < j ? j : i);
        return low * (2 * std::size_t(experts_) - low - 1) / 2 + (high - low - 1);
    }
    template <class Visit> void each(const Visit& visit) const {
        std::size_t at = 0;
        for (int i = 0; i < experts_; ++i)
            for (int j = i + 1; j < experts_; ++j) visit(i, j, counts_[at++]);
    }

    int experts_ = 0;
    std::vector<std::int64_t> counts_;
};

}  // namespace moe
