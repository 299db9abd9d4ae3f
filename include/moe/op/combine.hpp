// SPDX-License-Identifier: MIT
// Routed rows back to their tokens:
//   y[t] = sum over groups of (sum over the token's experts in the group of x[its row])
// in ascending order of experts and of groups, the same however the experts are spread over ranks.
// Choices without a row are skipped; a token without rows gets zeros. With 'also' (tokens, width),
// that is added to the total: a shared expert's output, which y itself may hold.
// x (rows, width)    y (tokens, width)
// Forward x holds the experts' weighted outputs, on the way back the gradients of their inputs.
#pragma once

#include <moe/core/bfloat16.hpp>
#include <moe/core/check.hpp>
#include <moe/device/reference.hpp>
#include <moe/op/groups.hpp>
#include <moe/tensor/view.hpp>

#include <cstddef>

namespace moe::op {

template <class T>
void combine(reference, rows<T> y, input<T> x, const dispatch_plan& plan, int experts_per_group,
             input<T> also = {}) {
    MOE_CHECK(y.count, ==, plan.tokens);
    MOE_CHECK(y.width, ==, x.width);
    MOE_CHECK(experts_per_group, >, 0);
    for (int t = 0; t < plan.tokens; ++t)
        for (int j = 0; j < y.width; ++j) {
            wide<T> total = 0, of_group = 0;
            int group = -1;
            for (int i = 0; i < plan.active; ++i) {
                const std::ptrdiff_t at = std::ptrdiff_t(t) * plan.active + i;
                if (plan.row[at] < 0) continue;
                if (plan.chosen[at] / experts_per_group != group) {
                    total += of_group;
                    of_group = 0;
                    group = plan.chosen[at] / experts_per_group;
                }
                of_group += x(plan.row[at], j);
            }
            const wide<T> sum = total + of_group;
            y(t, j) = T(also.at ? wide<T>(also(t, j)) + sum : sum);
        }
}

}  // namespace moe::op
