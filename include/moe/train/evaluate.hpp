// SPDX-License-Identifier: MIT
// A network on text that it was not trained on: loss in nats a token and bits a byte, and which
// experts each domain went to.
#pragma once

#include <moe/io/corpus.hpp>
#include <moe/model/network.hpp>
#include <moe/train/count_routing.hpp>
#include <moe/train/validation_report.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace moe {

// The held-out text of one domain, 'limit' windows spread evenly over it (0: all).
template <class Recipe, class On>
domain_report evaluate_domain(network<Recipe, On>& network, const io::corpus& text, int domain,
                              std::int64_t limit, routing_tally& tally) {
    const int context = text.shape().context, width = context + 1;
    const std::int64_t all = text.validation_windows(domain);
    const std::int64_t count = limit > 0 ? std::min(limit, all) : all;
    const std::int64_t at_once = network.largest_grain().sequences;
    std::vector<int> windows(std::size_t(at_once * width));
    domain_report report;
    report.domain = text.domain(domain);
    report.routing = counts_for<Recipe>();
    double nats = 0;
    for (std::int64_t first = 0; first < count; first += at_once) {
        const std::int64_t some = std::min(at_once, count - first);
        for (std::int64_t i = 0; i < some; ++i) {
            const io::window one = text.validation(domain, (first + i) * all / count);
            text.read(one.first, width, windows.data() + i * width);
            report.bytes += text.bytes(one.first + 1, context);
        }
        nats += network.loss({windows.data(), std::size_t(some * width)}, context);
        report.tokens += some * context;
        count_routing(network, report.routing, tally);
    }
    if (report.tokens > 0) report.nats_per_token = nats / double(report.tokens);
    if (report.bytes > 0) report.bits_per_byte = nats / std::log(2.0) / double(report.bytes);
    return report;
}

template <class Recipe, class On>
validation_report evaluate(network<Recipe, On>& network, const io::corpus& text, std::int64_t step,
                           std::int64_t windows_a_domain) {
    validation_report report;
    report.step = step;
    std::vector<std::string> names;
    std::vector<routing_counts> counts;
    routing_tally tally = tally_for<Recipe>();
    for (int domain = 0; domain < text.domains(); ++domain) {
        report.domains.push_back(evaluate_domain(network, text, domain, windows_a_domain, tally));
        const domain_report& one = report.domains.back();
        report.bits_per_byte += one.bits_per_byte / text.domains();
        names.push_back(one.domain);
        counts.push_back(one.routing);
    }
    report.routing = routing_report_of(std::move(names), counts, std::move(tally));
    report.load = {.max_violation = report.routing.max_violation(),
                   .dead = report.routing.dead(),
                   .entropy = report.routing.load_entropy()};
    if (report.routing.layers.empty()) report.load = {};
    return report;
}

}  // namespace moe
