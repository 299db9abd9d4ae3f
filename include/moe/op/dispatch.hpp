// SPDX-License-Identifier: MIT
// From the choices of the tokens to rows sorted by expert, and inside an expert by token: a
// counting sort. One thread: it touches a few integers a token, the rows it arranges thousands of
// bytes. A choice of -1 gets no row. The counts are left in the plan: first[e + 1] - first[e].
#pragma once

#include <moe/core/check.hpp>
#include <moe/device/reference.hpp>
#include <moe/op/groups.hpp>

#include <cstddef>

namespace moe::op {

// Fills first, token and row of the plan from chosen.
constexpr void plan_dispatch(reference, const dispatch_plan& plan) {
    const std::ptrdiff_t choices = std::ptrdiff_t(plan.tokens) * plan.active;
    int* const first = plan.first;
    for (int e = 0; e <= plan.experts; ++e) first[e] = 0;
    for (std::ptrdiff_t i = 0; i < choices; ++i) {
        MOE_CHECK(plan.chosen[i], <, plan.experts);
        if (plan.chosen[i] >= 0) ++first[plan.chosen[i] + 1];
    }
    for (int e = 0; e < plan.experts; ++e) first[e + 1] += first[e];
    // first[e] walks to the end of its expert's rows, which is the start of the next one's ...
    for (int t = 0; t < plan.tokens; ++t)
        for (int i = 0; i < plan.active; ++i) {
            const std::ptrdiff_t at = std::ptrdiff_t(t) * plan.active + i;
            const int expert = plan.chosen[at];
            plan.row[at] = expert < 0 ? -1 : first[expert]++;
            if (expert >= 0) plan.token[plan.row[at]] = t;
        }
    // ... and is moved back there.
    for (int e = plan.experts; e > 0; --e) first[e] = first[e - 1];
    first[0] = 0;
}

}  // namespace moe::op
