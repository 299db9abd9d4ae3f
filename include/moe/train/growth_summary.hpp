// SPDX-License-Identifier: MIT
// What growing a domain did: growth.json in the folder of the grown model.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace moe {

// A domain's held-out text before the new experts came, and behind their training.
struct domain_change {
    std::string domain;
    double before = 0, after = 0;  // bits a byte
    std::vector<double> use;       // a mixture layer: share of the tokens that a new expert serves

    double change() const { return after / before - 1; }
    double mean_use() const;
};

struct growth_summary {
    std::string recipe, grows, place;  // names; "slot" or "top-k"
    domain_change fresh;
    std::vector<domain_change> old;
    std::int64_t steps = 0, tokens = 0;
    std::int64_t parameters = 0, trained = 0;  // of the grown model; of them new
    std::int64_t planned_bytes = 0, resident_bytes = 0;
    double seconds = 0;  // of placing the experts and of the steps
    double joules = 0;   // the same
    std::string joules_source;
    std::string base_hash, weights_hash;

    double mean_old_change() const;
    double worst_old_change() const;
    double mean_old_use() const;
};

std::string growth_json(const growth_summary&);

}  // namespace moe
