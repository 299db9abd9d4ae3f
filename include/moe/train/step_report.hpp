// SPDX-License-Identifier: MIT
// What one step has to tell.
#pragma once

#include <moe/routing/load.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace moe {

// How often each expert of each mixture layer was chosen.
class routing_counts {
public:
    routing_counts() = default;
    routing_counts(int layers, int experts)
        : layers_(layers), experts_(experts), counts_(std::size_t(layers) * std::size_t(experts)) {}

    int layers() const { return layers_; }
    int experts() const { return experts_; }
    std::int64_t* layer(int i) { return counts_.data() + std::ptrdiff_t(i) * experts_; }
    std::span<const std::int64_t> layer(int i) const {
        return {counts_.data() + std::ptrdiff_t(i) * experts_, std::size_t(experts_)};
    }
    std::span<std::int64_t> all() { return counts_; }
    void clear() { counts_.assign(counts_.size(), 0); }
    void add(const routing_counts& other) {
        for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    }

    // Over the layers: mean violation and entropy, all dead experts.
    expert_load load() const {
        expert_load sum{.max_violation = 0, .dead = 0, .entropy = 0};
        for (int i = 0; i < layers_; ++i) {
            const expert_load one = load_of(layer(i).data(), experts_);
            sum.max_violation += one.max_violation / layers_;
            sum.entropy += one.entropy / layers_;
            sum.dead += one.dead;
        }
        if (layers_ == 0) sum.entropy = 1;
        return sum;
    }

private:
    int layers_ = 0, experts_ = 0;
    std::vector<std::int64_t> counts_;
};

struct step_report {
    std::int64_t step = 0;     // that was taken, from 1
    std::int64_t tokens = 0;   // of this step
    double loss = 0;           // nats, mean over the predicted tokens
    double balance_loss = 0;   // mean over sequences, summed over layers, with its weight
    double rate = 0;           // learning rate
    double gradient_norm = 0;  // before clipping
    double seconds = 0;
    expert_load load;  // max violation and entropy in the mean over layers, all dead experts
};

}  // namespace moe
