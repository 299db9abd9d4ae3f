// SPDX-License-Identifier: MIT
// summary.json: what a run was, what it reached and what it cost. Two runs are compared by these
// keys, so a key keeps its meaning for ever.
#pragma once

#include <moe/train/validation_report.hpp>

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace moe {

struct domain_score {
    std::string domain;
    double bits_per_byte = 0;
};

// What is not known is NaN here and null in the file.
struct run_summary {
    static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

    std::string recipe;  // its name
    std::int64_t parameters = 0, parameters_active = 0;
    std::int64_t steps = 0, tokens = 0;  // of all, earlier ones of a resumed run included
    std::int64_t batch = 0;              // tokens a step
    std::uint64_t seed = 0;
    std::int64_t ranks = 1;  // bytes and threads below are those of rank 0
    std::int64_t threads = 0, grains = 0;
    std::string instruction_set;

    double train_loss = unknown;           // nats a token, mean of the last 10 % of the steps
    std::vector<domain_score> validation;  // held-out text, at the end of the run

    // Over the validation text, in the mean over the layers; dead experts are those of all layers.
    double max_violation = unknown;
    double load_entropy = unknown, router_entropy = unknown;  // shares of ln(experts)
    std::int64_t dead_experts = 0;
    double expert_purity = unknown, domain_information = unknown;  // routing/specialisation.hpp
    routing_report routing;                                        // layer by layer

    double seconds = 0;                  // of training, validation and saving included
    double tokens_per_second = unknown;  // of the median step after the first five
    double flop = unknown;               // of the training steps: tokens x train_flop_per_token
    double flop_per_second = unknown;    // tokens_per_second x train_flop_per_token
    double peak_share = unknown;         // of the machine's peak, measured in the same run
    std::int64_t planned_bytes = 0, peak_bytes = 0;  // plan and high-water mark of the arenas
    std::int64_t resident_bytes = 0;                 // high-water mark of the process

    double joules = unknown;
    std::string joules_source;  // train/energy.hpp
    double price_per_hour = 0, money = 0;

    std::string weights_hash;  // master weights and selection biases, whatever the layout
    std::string state_hash;    // moments and data position too
};

// The last look at the validation text.
void add_validation(run_summary&, const validation_report&);

// The plain mean over the domains, which the file calls validation_mean.
double validation_mean(const run_summary&);

std::string summary_json(const run_summary&);
void write_summary(const std::string& path, const run_summary&);
// Keys that are not known are passed over; one that is missing or of the wrong type is named.
run_summary read_summary(const std::string& path);

// How train_loss and the median step are counted. NaN without a step.
double mean_of_last_tenth(std::span<const double> losses);
double median_after_first_five(std::span<const double> seconds);

// The process's high-water mark until now.
std::int64_t resident_peak_bytes();

}  // namespace moe
