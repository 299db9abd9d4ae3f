// SPDX-License-Identifier: MIT
// The lines a run leaves: OUT/metrics.jsonl, and the same numbers in OUT/tensorboard.
//
//   {"step": 40, "loss": ..., "balance_loss": ..., "rate": ..., "gradient_norm": ...,
//    "max_violation": ..., "dead_experts": ..., "load_entropy": ..., "router_entropy": ...,
//    "tokens_per_second": ..., "peak_share": ...}
//   {"step": 40, "validation": {"biology": ...}, "validation_max_violation": ...,
//    "validation_load_entropy": ..., "validation_router_entropy": ..., "validation_dead_experts":
//    ..., "validation_expert_purity": ..., "validation_domain_information": ...}
#pragma once

#include <moe/io/metrics.hpp>
#include <moe/io/tensorboard.hpp>
#include <moe/train/step_report.hpp>
#include <moe/train/validation_report.hpp>

#include <cstdint>
#include <string>

namespace moe {

class run_log {
public:
    // steps_done: what a resumed run's lines go on behind; 0 begins anew.
    run_log(const std::string& folder, std::int64_t steps_done);

    void write(const step_report&, double router_entropy, double tokens_per_second,
               double peak_share);
    void write(const validation_report&);

private:
    io::metrics_writer metrics_;
    io::event_writer events_;
};

}  // namespace moe
