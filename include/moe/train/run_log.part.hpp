// SPDX-License-Identifier: MIT
// The definitions of run_log.hpp, compiled once.
#pragma once

#include <moe/io/json.hpp>
#include <moe/train/run_log.hpp>

#include <span>
#include <vector>

namespace moe {

run_log::run_log(const std::string& folder, std::int64_t steps_done)
    : metrics_(steps_done > 0 ? io::metrics_writer(io::join(folder, "metrics.jsonl"), steps_done)
                              : io::metrics_writer(io::join(folder, "metrics.jsonl"))),
      events_(steps_done > 0 ? io::event_writer(io::join(folder, "tensorboard"), steps_done)
                             : io::event_writer(io::join(folder, "tensorboard"))) {}

void run_log::write(const step_report& r, double router_entropy, double tokens_per_second,
                    double peak_share) {
    io::json_writer line;
    line.object()
        .field("step", r.step)
        .field("loss", r.loss)
        .field("balance_loss", r.balance_loss)
        .field("rate", r.rate)
        .field("gradient_norm", r.gradient_norm)
        .field("max_violation", r.load.max_violation)
        .field("dead_experts", r.load.dead)
        .field("load_entropy", r.load.entropy)
        .field("router_entropy", router_entropy)
        .field("tokens_per_second", tokens_per_second)
        .field("peak_share", peak_share)
        .close();
    metrics_.write(line);
    const io::scalar scalars[] = {{"train/loss", r.loss},
                                  {"train/balance_loss", r.balance_loss},
                                  {"train/rate", r.rate},
                                  {"train/gradient_norm", r.gradient_norm},
                                  {"experts/max_violation", r.load.max_violation},
                                  {"experts/dead", double(r.load.dead)},
                                  {"experts/load_entropy", r.load.entropy},
                                  {"experts/router_entropy", router_entropy},
                                  {"speed/tokens_per_second", tokens_per_second},
                                  {"speed/peak_share", peak_share}};
    events_.write(r.step, scalars);
}

void run_log::write(const validation_report& report) {
    const routing_report& routing = report.routing;
    io::json_writer line;
    line.object().field("step", report.step).key("validation").object();
    std::vector<io::scalar> scalars;
    std::vector<std::string> tags;
    for (const domain_report& one : report.domains) tags.push_back("validation/" + one.domain);
    for (std::size_t i = 0; i < report.domains.size(); ++i) {
        line.field(report.domains[i].domain, report.domains[i].bits_per_byte);
        scalars.push_back({tags[i], report.domains[i].bits_per_byte});
    }
    line.close()
        .field("validation_max_violation", report.load.max_violation)
        .field("validation_load_entropy", report.load.entropy)
        .field("validation_router_entropy", routing.router_entropy())
        .field("validation_dead_experts", report.load.dead)
        .field("validation_expert_purity", routing.purity())
        .field("validation_domain_information", routing.information())
        .close();
    metrics_.write(line);
    scalars.push_back({"validation/max_violation", report.load.max_violation});
    if (const double purity = routing.purity(); std::isfinite(purity)) {
        scalars.push_back({"specialisation/expert_purity", purity});
        scalars.push_back({"specialisation/domain_information", routing.information()});
    }
    events_.write(report.step, scalars);
    for (std::size_t layer = 0; layer < routing.layers.size(); ++layer) {
        std::vector<std::int64_t> all;
        for (const auto& domain : routing.layers[layer].counts) {
            all.resize(domain.size());
            for (std::size_t e = 0; e < domain.size(); ++e) all[e] += domain[e];
        }
        if (!all.empty())
            events_.write(report.step, "experts/layer_" + std::to_string(layer),
                          io::histogram_of_counts(all));
    }
}

}  // namespace moe
