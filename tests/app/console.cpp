// SPDX-License-Identifier: MIT
#include <moe/app/console.hpp>

#include <tests/support/environment.hpp>
#include <tests/support/folder.hpp>
#include <tests/support/pseudo_terminal.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

using test::has;

namespace {

struct memory_stream {
    char* text = nullptr;
    std::size_t size = 0;
    std::FILE* stream = open_memstream(&text, &size);

    ~memory_stream() {
        std::fclose(stream);
        std::free(text);
    }
    std::string written() {
        std::fflush(stream);
        return {text, size};
    }
};

moe::step_report step(std::int64_t number) {
    moe::step_report report;
    report.step = number, report.tokens = 128, report.loss = 2.5;
    return report;
}

moe::validation_report validation() {
    moe::validation_report report;
    report.step = 40;
    for (const char* domain : {"rivers", "stones"}) {
        moe::domain_report one;
        one.domain = domain;
        one.bits_per_byte = domain[0] == 'r' ? 1.2344 : 2;
        report.domains.push_back(one);
    }
    report.load = {.max_violation = 0.063, .dead = 3, .entropy = 0.9};
    return report;
}

// The handlers as they were, whatever a test does to them.
struct signals_as_they_were {
    void (*interrupt)(int) = std::signal(SIGINT, SIG_DFL);
    void (*terminate)(int) = std::signal(SIGTERM, SIG_DFL);
    ~signals_as_they_were() {
        std::signal(SIGINT, interrupt);
        std::signal(SIGTERM, terminate);
    }
};

}  // namespace

TEST_CASE("console: a request to stop is noticed, and a second one is left to the system") {
    for (const int signal : {SIGINT, SIGTERM}) {
        CAPTURE(signal);
        const signals_as_they_were restored;
        memory_stream to;
        moe::catch_stop_signals();
        const moe::console console(to.stream, 100, 10);
        CHECK_FALSE(moe::stop_was_requested());
        CHECK_FALSE(console.stop());
        std::raise(signal);
        CHECK(moe::stop_was_requested());
        CHECK(console.stop());
        const bool left_to_the_system = std::signal(signal, SIG_IGN) == SIG_DFL;
        CHECK(left_to_the_system);
        // A new run begins unasked.
        moe::catch_stop_signals();
        CHECK_FALSE(console.stop());
    }
}

TEST_CASE("console: plain lines in a file, one every so many steps and for each validation") {
    memory_stream to;
    moe::console console(to.stream, 100, 50);
    console.note("nano: avx2_fma");
    for (int i = 1; i <= 100; ++i) {
        console.stepped(step(i), 12345, 0.4);
        if (i == 50) console.validated(validation());
    }
    console.done();
    const std::string text = to.written();
    CHECK(std::count(text.begin(), text.end(), '\n') == 4);
    CHECK(text.find("nano: avx2_fma\nstep 50/100  loss 2.5000  12.3 k tokens/s  40.0 % of peak") ==
          0);
    CHECK(has(text,
              "\nvalidation at step 40: rivers 1.234 stones 2.000 bits per byte; "
              "max violation 0.063, dead experts 3\nstep 100/100 "));
    CHECK_FALSE(has(text, "\r"));
}

TEST_CASE("console: on a terminal one bar, and what is worth reading stays above it") {
    pseudo_terminal terminal(100);
    if (!terminal.stream()) return;
    const environment set{{"TERM", "xterm"}, {"COLUMNS", nullptr}};
    {
        moe::console console(terminal.stream(), 10, 1);
        for (int i = 1; i <= 10; ++i) {
            console.stepped(step(i), 12345, 0.4);
            if (i == 5) console.validated(validation());
        }
        console.done();
    }
    const std::string text = terminal.read_back();
    CHECK(std::count(text.begin(), text.end(), '\n') == 2);  // the validation, the bar's end
    CHECK(has(text, "\r\x1b[Kvalidation at step 40: rivers"));
    CHECK(has(text.substr(text.rfind('\r')), "100% "));
    CHECK(text.back() == '\n');

    // A run that fails leaves the line to its error.
    moe::console(terminal.stream(), 10, 1).stepped(step(5), 12345, 0.4);
    CHECK(terminal.read_back().back() == '\n');
}
