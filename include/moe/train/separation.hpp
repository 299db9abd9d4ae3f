// SPDX-License-Identifier: MIT
// Router rows for new experts, before anything is trained: directions that tell states of a new
// domain from those of old ones. Sums have a fixed order, so the bits do not depend on threads.
#pragma once

#include <moe/op/op.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace moe {

// cluster (x.count): in which of 'count' clusters each row lies. Lloyd's k-means from rows that lie
// far apart: the first, then always the one farthest from those taken.
template <class T> std::vector<int> k_means(rows<const T> x, int count, int rounds = 10) {
    std::vector<int> cluster(std::size_t(x.count), 0);
    if (count < 2 || x.count == 0) return cluster;
    std::vector<double> center(std::size_t(count) * std::size_t(x.width)),
        nearest(std::size_t(x.count), std::numeric_limits<double>::infinity());
    const auto at = [&](int c) { return center.data() + std::ptrdiff_t(c) * x.width; };
    const auto distance = [&](int row, int c) {
        double sum = 0;
        for (int j = 0; j < x.width; ++j) {
            const double d = double(x(row, j)) - at(c)[j];
            sum = std::fma(d, d, sum);
        }
        return sum;
    };
    int next = 0;
    for (int c = 0; c < count; ++c) {
        for (int j = 0; j < x.width; ++j) at(c)[j] = double(x(next, j));
        for (int i = 0; i < x.count; ++i)
            nearest[std::size_t(i)] = std::min(nearest[std::size_t(i)], distance(i, c));
        next = int(std::max_element(nearest.begin(), nearest.end()) - nearest.begin());
    }
    for (int round = 0; round < rounds; ++round) {
        for (int i = 0; i < x.count; ++i) {
            double least = std::numeric_limits<double>::infinity();
            for (int c = 0; c < count; ++c)
                if (const double d = distance(i, c); d < least)
                    least = d, cluster[std::size_t(i)] = c;
        }
        for (int c = 0; c < count; ++c) {
            std::vector<double> sum(std::size_t(x.width), 0.0);
            int members = 0;
            for (int i = 0; i < x.count; ++i) {
                if (cluster[std::size_t(i)] != c) continue;
                ++members;
                for (int j = 0; j < x.width; ++j) sum[std::size_t(j)] += double(x(i, j));
            }
            for (int j = 0; members > 0 && j < x.width; ++j)
                at(c)[j] = sum[std::size_t(j)] / members;
        }
    }
    return cluster;
}

struct regression_settings {
    int steps = 200;
    double rate = 0.05;     // of Adam, falling to 0
    double penalty = 1e-3;  // x |r|^2
};

// r (clusters, width), assigned: row j minimises
//   mean over the cluster of softplus(-r_j . x)  +  mean over old of softplus(r_j . x)  + penalty
// fresh, old: states of the new domain and of old ones.
template <class On, class T>
void separate(On on, rows<T> r, rows<const T> fresh, const std::vector<int>& cluster,
              rows<const T> old, const regression_settings& settings = {}) {
    const int count = r.count, width = r.width;
    std::vector<T> of_fresh(std::size_t(fresh.count) * std::size_t(count)),
        of_old(std::size_t(old.count) * std::size_t(count));
    const rows<T> z_fresh(of_fresh.data(), fresh.count, count),
        z_old(of_old.data(), old.count, count);
    std::vector<T> gradient(std::size_t(count) * std::size_t(width)), first(gradient.size()),
        second(gradient.size());
    std::vector<double> members(std::size_t(count), 0.0);
    for (const int c : cluster) members[std::size_t(c)] += 1;
    for (int j = 0; j < count; ++j)
        for (int i = 0; i < width; ++i) r(j, i) = 0;
    const matrix<T> w{r.at, nullptr, count, width};
    for (int step = 1; step <= settings.steps; ++step) {
        op::linear(on, z_fresh, fresh, w);
        op::linear(on, z_old, old, w);
        on.each(fresh.count, [&](int t) {
            for (int j = 0; j < count; ++j)
                z_fresh(t, j) = cluster[std::size_t(t)] == j
                                    ? -sigmoid(-z_fresh(t, j)) / T(members[std::size_t(j)])
                                    : T(0);
        });
        on.each(old.count, [&](int t) {
            for (int j = 0; j < count; ++j) z_old(t, j) = sigmoid(z_old(t, j)) / T(old.count);
        });
        std::fill(gradient.begin(), gradient.end(), T(0));
        const rows<T> dr(gradient.data(), count, width);
        op::linear_backward_weight(on, dr, rows<const T>(z_fresh), fresh);
        op::linear_backward_weight(on, dr, rows<const T>(z_old), old);
        const double rate = settings.rate * (1 - double(step - 1) / settings.steps);
        const double correct1 = 1 - std::pow(0.9, step), correct2 = 1 - std::pow(0.999, step);
        for (std::size_t i = 0; i < gradient.size(); ++i) {
            const double g = double(gradient[i]) + 2 * settings.penalty * double(r.at[i]);
            first[i] = T(0.9 * double(first[i]) + 0.1 * g);
            second[i] = T(0.999 * double(second[i]) + 0.001 * g * g);
            r.at[i] -= T(rate * (double(first[i]) / correct1) /
                         (std::sqrt(double(second[i]) / correct2) + 1e-8));
        }
    }
}

// The largest bias with which at most 'share' of the scores are above -bias. Without scores: 0.
template <class T> T bias_of_share(std::vector<T> scores, double share) {
    if (scores.empty()) return 0;
    const auto count = std::int64_t(scores.size());
    const auto above = std::clamp<std::int64_t>(std::int64_t(share * double(count)), 0, count - 1);
    const auto place = scores.begin() + (count - 1 - above);
    std::nth_element(scores.begin(), place, scores.end());
    return -*place;
}

}  // namespace moe
