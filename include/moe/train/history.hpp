// SPDX-License-Identifier: MIT
// What a run remembers of itself: the loss of every step, travelling with its checkpoints, and what
// was seen at each log line and validation, for its report.
#pragma once

#include <moe/train/step_report.hpp>
#include <moe/train/validation_report.hpp>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace moe {

struct run_history {
    std::vector<double> losses;   // of every step, nats a token
    std::vector<double> seconds;  // of every step that this process took
    std::vector<step_report> log;
    std::vector<validation_report> validations;

    // Only the newest keeps its tables of experts.
    const validation_report& add(validation_report report) {
        if (!validations.empty()) validations.back().routing.forget_tables();
        validations.push_back(std::move(report));
        return validations.back();
    }
    // Before the run, so that no step allocates.
    void reserve(std::size_t steps, std::size_t log_lines) {
        losses.reserve(steps);
        seconds.reserve(steps);
        log.reserve(log_lines);
    }

    // The losses as bytes, and back; anything else than whole numbers is refused.
    std::string packed_losses() const {
        return {reinterpret_cast<const char*>(losses.data()), losses.size() * sizeof(double)};
    }
    bool unpack_losses(const std::string& bytes) {
        if (bytes.size() % sizeof(double) != 0) return false;
        losses.resize(bytes.size() / sizeof(double));
        std::memcpy(losses.data(), bytes.data(), bytes.size());
        return true;
    }
};

}  // namespace moe
