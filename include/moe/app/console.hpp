// SPDX-License-Identifier: MIT
// Watches a training run from a terminal: a progress bar or plain lines, and a way to stop it.
#pragma once

#include <moe/app/progress.hpp>
#include <moe/app/terminal.hpp>
#include <moe/train/step_report.hpp>
#include <moe/train/validation_report.hpp>

#include <chrono>
#include <cstdio>
#include <string>

namespace moe {

// Ctrl-C and a request to terminate ask the run to save and stop; a second one ends it at once.
void catch_stop_signals();
bool stop_was_requested();

class console {
public:
    console(std::FILE* to, std::int64_t steps, std::int64_t log_every);
    // An error ends a run too, and stands on a line of its own.
    ~console() { done(); }
    console(const console&) = delete;
    console& operator=(const console&) = delete;

    void note(const std::string& text) { bar_.note(text); }
    void stepped(const step_report& report, double tokens_per_second, double peak_share) {
        bar_.show({.step = report.step,
                   .steps = steps_,
                   .seconds = std::chrono::duration<double>(clock::now() - begin_).count(),
                   .loss = report.loss,
                   .tokens_per_second = tokens_per_second,
                   .peak_share = peak_share});
    }
    void validated(const validation_report& report);
    bool stop() const { return stop_was_requested(); }
    void done() { bar_.done(); }

private:
    using clock = std::chrono::steady_clock;
    std::int64_t steps_;
    clock::time_point begin_ = clock::now();
    progress bar_;
};

}  // namespace moe
