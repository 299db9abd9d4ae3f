// SPDX-License-Identifier: MIT
// The definitions of growth_summary.hpp, compiled once.
#pragma once

#include <moe/io/json.hpp>
#include <moe/train/growth_summary.hpp>

#include <algorithm>

namespace moe {

double domain_change::mean_use() const {
    double sum = 0;
    for (const double one : use) sum += one;
    return use.empty() ? 0 : sum / double(use.size());
}
double growth_summary::mean_old_change() const {
    double sum = 0;
    for (const domain_change& one : old) sum += one.change();
    return old.empty() ? 0 : sum / double(old.size());
}
double growth_summary::worst_old_change() const {
    double worst = old.empty() ? 0 : old.front().change();
    for (const domain_change& one : old) worst = std::max(worst, one.change());
    return worst;
}
double growth_summary::mean_old_use() const {
    double sum = 0;
    for (const domain_change& one : old) sum += one.mean_use();
    return old.empty() ? 0 : sum / double(old.size());
}

std::string growth_json(const growth_summary& s) {
    io::json_writer json(2);
    const auto domain = [&](const domain_change& one) {
        json.object()
            .field("domain", one.domain)
            .field("bits_per_byte_before", one.before)
            .field("bits_per_byte", one.after)
            .field("change_percent", 100 * one.change())
            .field("tokens_share", one.mean_use());
        json.key("tokens_share_by_layer").array();
        for (const double share : one.use) json.value(share);
        json.close().close();
    };
    json.object().field("recipe", s.recipe).field("grows", s.grows).field("place", s.place);
    json.key("new_domain");
    domain(s.fresh);
    json.key("old_domains").array();
    for (const domain_change& one : s.old) domain(one);
    json.close()
        .field("old_domains_loss_change_percent", 100 * s.mean_old_change())
        .field("worst_old_domain_loss_change_percent", 100 * s.worst_old_change())
        .field("new_tokens_share", s.fresh.mean_use())
        .field("old_tokens_share", s.mean_old_use())
        .field("parameters", s.parameters)
        .field("parameters_trained", s.trained)
        .field("parameters_trained_share",
               double(s.trained) / double(std::max<std::int64_t>(1, s.parameters - s.trained)))
        .field("steps", s.steps)
        .field("tokens", s.tokens)
        .field("seconds", s.seconds)
        .field("joules", s.joules)
        .field("joules_source", s.joules_source)
        .field("planned_bytes", s.planned_bytes)
        .field("resident_bytes", s.resident_bytes)
        .field("base_hash", s.base_hash)
        .field("weights_hash", s.weights_hash)
        .close();
    return json.text() + "\n";
}

}  // namespace moe
