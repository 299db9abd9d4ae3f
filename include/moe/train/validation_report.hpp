// SPDX-License-Identifier: MIT
// What one look at the validation text has to tell.
#pragma once

#include <moe/train/routing_report.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace moe {

struct domain_report {
    std::string domain;
    std::int64_t tokens = 0, bytes = 0;  // predicted
    double nats_per_token = 0, bits_per_byte = 0;
    routing_counts routing;
};

struct validation_report {
    std::int64_t step = 0;
    std::vector<domain_report> domains;
    routing_report routing;  // of all of them
    expert_load load;        // the same: violation and entropy in the mean over layers
    // Mean over domains of bits per byte.
    double bits_per_byte = 0;
};

}  // namespace moe
