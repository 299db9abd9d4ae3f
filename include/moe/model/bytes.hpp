// SPDX-License-Identifier: MIT
// The memory of a network by role, known before anything is allocated.
#pragma once

#include <cstddef>

namespace moe {

struct byte_plan {
    std::size_t weights = 0;      // masters and selection biases
    std::size_t packed = 0;       // copies in the order that the device's GEMM reads
    std::size_t gradients = 0;    // one copy, and one more for each level of the tree over grains
    std::size_t moments = 0;      // of the optimizer
    std::size_t activations = 0;  // what forward leaves for the way back, one grain
    std::size_t workspace = 0;    // gradients of activations, and what lives inside one pass
    std::size_t tables = 0;       // rotations, tokens, counts

    std::size_t total() const {
        return weights + packed + gradients + moments + activations + workspace + tables;
    }
    // visit(role, bytes)
    void each(auto&& visit) const {
        visit("weights", weights);
        visit("packed", packed);
        visit("gradients", gradients);
        visit("moments", moments);
        visit("activations", activations);
        visit("workspace", workspace);
        visit("tables", tables);
    }
};

}  // namespace moe
