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

}  // namespace moe
