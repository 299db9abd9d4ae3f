// SPDX-License-Identifier: MIT
// What moe::adamw does to a tensor: its numbers for this step, then op/adamw_step.hpp.
#pragma once

#include <moe/op/adamw_step.cpu.hpp>
#include <moe/op/pack_e4m3.hpp>
#include <moe/optim/adamw.hpp>
#include <moe/optim/update_bound.hpp>

namespace moe {

template <class On, class T, class G, class P>
void adamw::update(On on, rows<T> w, rows<G> g, std::array<rows<same<T>>, 2> moment_of,
                   weight_copies<P> copies, int matrix_rows,
                   const update_settings& settings) const {
    const adamw_numbers numbers{.rate = settings.rate,
                                .beta1 = beta1,
                                .beta2 = beta2,
                                .epsilon = epsilon,
                                .decay = settings.decays ? decay : 0,
                                .correction1 = 1 - integer_power(beta1, settings.step),
                                .correction2 = 1 - integer_power(beta2, settings.step),
                                .clip = settings.clip,
                                .limit = settings.exact
                                             ? std::numeric_limits<double>::infinity()
                                             : largest_update(beta1, beta2, settings.step)};
    op::adamw_step(on, w, g, moment_of[0], moment_of[1], numbers, copies, matrix_rows);
}

}  // namespace moe
