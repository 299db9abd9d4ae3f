// SPDX-License-Identifier: MIT
// The definitions of console.hpp, compiled once.
#pragma once

#include <moe/app/console.hpp>
#include <moe/app/format.hpp>

#include <csignal>

namespace moe {

namespace detail {
inline volatile std::sig_atomic_t stop_requested = 0;

extern "C" inline void request_stop(int signal) {
    stop_requested = 1;
    std::signal(signal, SIG_DFL);
}
}  // namespace detail

void catch_stop_signals() {
    detail::stop_requested = 0;
    for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, detail::request_stop);
}
bool stop_was_requested() { return detail::stop_requested != 0; }

console::console(std::FILE* to, std::int64_t steps, std::int64_t log_every)
    : steps_(steps), bar_(to, style_of(to), log_every) {}

void console::validated(const validation_report& report) {
    std::string line = "validation at step " + std::to_string(report.step) + ":";
    for (const domain_report& one : report.domains)
        line += " " + one.domain + " " + fixed(one.bits_per_byte, 3);
    bar_.note(line + " bits per byte; max violation " + fixed(report.load.max_violation, 3) +
              ", dead experts " + std::to_string(report.load.dead));
}

std::string domain_table(const validation_report& report, const terminal_style& style) {
    text_table table{.header = {"domain", "tokens", "nats/token", "bits/byte"}, .rows = {}};
    for (const domain_report& one : report.domains)
        table.rows.push_back({one.domain, grouped(one.tokens), fixed(one.nats_per_token, 4),
                              fixed(one.bits_per_byte, 4)});
    return draw_table(table, style);
}

std::string routing_table(const validation_report& report, const terminal_style& style) {
    if (report.domains.empty()) return {};
    std::string text;
    for (int layer = 0; layer < report.domains[0].routing.layers(); ++layer) {
        heat_map map{.title = "share of routed tokens, mixture layer " + std::to_string(layer),
                     .rows = {},
                     .columns = {},
                     .cells = {}};
        for (int e = 0; e < report.domains[0].routing.experts(); ++e)
            map.columns.push_back(std::to_string(e));
        for (const domain_report& one : report.domains) {
            map.rows.push_back(one.domain);
            std::int64_t total = 0;
            for (const std::int64_t count : one.routing.layer(layer)) total += count;
            for (const std::int64_t count : one.routing.layer(layer))
                map.cells.push_back(total > 0 ? double(count) / double(total) : 0);
        }
        text += draw_heat(map, style) + "\n";
    }
    return text;
}

}  // namespace moe
