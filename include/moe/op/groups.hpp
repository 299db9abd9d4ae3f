// SPDX-License-Identifier: MIT
// Where routed rows lie: sorted by expert, and inside an expert by token. Rows [first[e],
// first[e+1]) belong to expert e. Everything downstream of the router reads this one plan.
#pragma once

#include <moe/core/config.hpp>

namespace moe {

struct groups {
    const int* first = nullptr;  // (experts + 1)
    int count = 0;               // experts

    constexpr int rows() const { return first[count]; }
};

struct dispatch_plan {
    int tokens = 0, active = 0, experts = 0;
    int* chosen = nullptr;  // (tokens, active) experts of a token, ascending; -1 where it has none
    int* first = nullptr;   // (experts + 1)
    int* token = nullptr;   // (rows) which token a routed row comes from
    int* row = nullptr;     // (tokens, active) where each choice lies; -1 where there is none

    constexpr groups by_expert() const { return {first, experts}; }
};

}  // namespace moe
