// SPDX-License-Identifier: MIT
// The policy for the slot 'optimizer': Adam with decoupled weight decay (op/adamw_step.hpp). The
// defaults are DeepSeek-V3's (section 4.2).
#pragma once

#include <moe/optim/policy.hpp>

namespace moe {

struct adamw {
    double beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8;
    double decay = 0.1;  // of matrices; gains and biases do not decay
    double clip = 1.0;   // largest norm of the whole gradient; 0: no limit

    static constexpr int moments = 2;
    static constexpr bool elementwise = true;  // any rows of a tensor can be updated alone
    // A moment without a sign is held by its square root where it has few bits.
    static constexpr bool moment_has_sign[moments] = {true, false};

    constexpr void each(auto visit) const {
        visit("beta1", beta1);
        visit("beta2", beta2);
        visit("epsilon", epsilon);
        visit("decay", decay);
        visit("clip", clip);
    }

    // Defined in optim/adamw_update.hpp: a recipe can name its optimizer without the ops behind it.
    template <class On, class T, class G, class P>
    void update(On on, rows<T> w, rows<G> g, std::array<rows<same<T>>, 2> moment_of,
                weight_copies<P> copies, int matrix_rows, const update_settings& settings) const;
};

static_assert(optimizer_policy<adamw>);

}  // namespace moe
