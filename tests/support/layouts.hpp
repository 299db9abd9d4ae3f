// SPDX-License-Identifier: MIT
// A few steps of the small recipe by some ranks, and what came of it in two words.
#pragma once

#include "tests/support/small.hpp"

#include <moe/io/checkpoint.hpp>

namespace test {

struct outcome {
    std::string weights, state;  // no state: the moments are with rank 0
    std::vector<double> losses, norms;
    bool operator==(const outcome&) const = default;
};

template <class Recipe, class Ranks> outcome train_some(const moe::settings& s, Ranks ranks) {
    using trainer = moe::trainer<Recipe, moe::device_on<Recipe>, Ranks>;
    trainer one(s, std::move(ranks));
    outcome now;
    for (std::int64_t i = 0; i < s.steps; ++i) {
        const moe::step_report report = one.step();
        now.losses.push_back(report.loss + report.balance_loss);
        now.norms.push_back(report.gradient_norm);
    }
    const auto model = tensors_of(one.network());
    now.weights = moe::io::text_of(moe::io::weights_hash_of(model));
    if constexpr (!Ranks::alone && trainer::shares) {
        one.optimizer().gather(one.ranks());
        if (one.ranks().rank() != 0) return now;
    }
    const auto moments = tensors_of(one.optimizer());
    now.state = moe::io::text_of(moe::io::state_hash_of(model, moments, one.position()));
    return now;
}

}  // namespace test
