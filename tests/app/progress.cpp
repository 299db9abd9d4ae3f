// SPDX-License-Identifier: MIT
#include <moe/app/format.hpp>
#include <moe/app/progress.hpp>

#include <tests/support/environment.hpp>
#include <tests/support/pseudo_terminal.hpp>

#include <doctest/doctest.h>

#include <cstdio>
#include <string>
#include <vector>

using namespace moe;

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

const terminal_style plain{80, false, false, false}, live{80, true, false, false};

progress_state at(std::int64_t step, double seconds) {
    progress_state s;
    s.step = step, s.steps = 100, s.seconds = seconds;
    s.loss = 5 - double(step) / 100, s.tokens_per_second = 12345, s.peak_share = 0.412;
    return s;
}

int count_of(const std::string& text, const std::string& piece) {
    int count = 0;
    for (std::size_t i = 0; (i = text.find(piece, i)) != std::string::npos; i += piece.size())
        ++count;
    return count;
}

// The bar as it stands at last on the terminal, without colours.
std::string shown(const std::string& written) {
    std::string line = written.substr(written.rfind('\r') + 1), result;
    for (std::size_t i = 0; i < line.size(); ++i)
        if (line[i] == '\x1b')
            i = line.find_first_of("mK", i);
        else
            result += line[i];
    return result;
}

}  // namespace

TEST_CASE("progress: with --json everything goes to standard error") {
    CHECK(progress_stream(true) == stderr);
    CHECK(progress_stream(false) == stdout);
}

TEST_CASE("progress: plain lines every so many steps and at the end, nothing else") {
    memory_stream to;
    progress bar(to.stream, plain, 25);
    for (int step = 1; step <= 100; ++step) bar.show(at(step, step * 0.5));
    bar.done();
    CHECK(to.written() ==
          "step 25/100  loss 4.7500  12.3 k tokens/s  41.2 % of peak  37.5 s left\n"
          "step 50/100  loss 4.5000  12.3 k tokens/s  41.2 % of peak  25.0 s left\n"
          "step 75/100  loss 4.2500  12.3 k tokens/s  41.2 % of peak  12.5 s left\n"
          "step 100/100  loss 4.0000  12.3 k tokens/s  41.2 % of peak\n");
}

TEST_CASE("progress: the last step has a line even when it is no multiple") {
    memory_stream to;
    progress bar(to.stream, plain, 0);
    for (int step = 1; step <= 100; ++step) bar.show(at(step, step));
    CHECK(to.written() == "step 100/100  loss 4.0000  12.3 k tokens/s  41.2 % of peak\n");
}

TEST_CASE("progress: what is unknown is not shown") {
    memory_stream to;
    progress bar(to.stream, plain, 1);
    bar.show({.step = 1, .steps = 3});
    CHECK(to.written() == "step 1/3\n");
}

TEST_CASE("progress: a resumed run counts the steps of this process for the time left") {
    memory_stream to;
    progress bar(to.stream, plain, 10);
    bar.show(at(80, 0));
    bar.show(at(90, 20));
    CHECK(to.written().find("step 90/100  loss 4.1000  12.3 k tokens/s  41.2 % of peak  20.0 s") !=
          std::string::npos);
}

TEST_CASE("progress: a bar is drawn in place, ten times a second at most") {
    memory_stream to;
    progress bar(to.stream, live, 10);
    for (int step = 1; step <= 100; ++step) bar.show(at(step, step * 0.01));
    const std::string before = to.written();
    CHECK(before.find('\n') == std::string::npos);
    CHECK(count_of(before, "\r") >= 10);
    CHECK(count_of(before, "\r") <= 12);
    CHECK(count_of(before, "\r") == count_of(before, "\x1b[K"));
    bar.done();
    const std::string after = to.written();
    CHECK(after.back() == '\n');
    bar.done();
    CHECK(to.written() == after);
}

TEST_CASE("progress: a note stands above the bar, which is drawn again") {
    memory_stream to;
    progress bar(to.stream, live, 10);
    bar.note("2 domains");
    CHECK(to.written() == "2 domains\n");
    bar.show(at(42, 1));
    const std::size_t before = to.written().size();
    bar.note("checkpoint saved");
    const std::string added = to.written().substr(before);
    CHECK(added.rfind("\r\x1b[Kcheckpoint saved\n\r", 0) == 0);
    CHECK(shown(added).find("42/100") != std::string::npos);
}

TEST_CASE("progress: no bar is wider than its terminal; the less important goes first") {
    for (int width = 20; width <= 140; ++width)
        for (const int kind : {0, 1, 2}) {
            memory_stream to;
            progress bar(to.stream, {width, true, kind == 0, kind < 2}, 10);
            bar.show(at(1, 1));
            bar.show(at(42, 83));
            const std::string line = shown(to.written());
            CHECK_MESSAGE(columns_of(line) < width, line);
            CHECK(line.find("42/100") != std::string::npos);
            CHECK((line.find("loss 4.58") != std::string::npos) == (width >= 20));
            if (width >= 80) {
                CHECK(line.find("12.3 k tokens/s  41 % of peak  1:56 left") != std::string::npos);
                CHECK(line.find(" 42% ") == 0);
            }
        }
}

TEST_CASE("progress: the bar is as full as the run") {
    const auto filled = [](int step) {
        memory_stream to;
        progress bar(to.stream, {120, true, false, true}, 10);
        bar.show(at(step, 1));
        const std::string line = shown(to.written());
        return std::pair(count_of(line, "\u2588"), count_of(line, "\u2591"));
    };
    CHECK(filled(0).first == 0);
    CHECK(filled(100).second == 0);
    CHECK(filled(50).first == filled(50).second);
    CHECK(filled(50).first == 20);
}

TEST_CASE("progress: colours only where they are wanted") {
    for (const bool color : {false, true}) {
        memory_stream to;
        progress bar(to.stream, {80, true, color, true}, 10);
        bar.show(at(42, 1));
        bar.done();
        std::string text = to.written();
        CHECK((text.find("\x1b[36m") != std::string::npos) == color);
        if (!color) CHECK(count_of(text, "\x1b") == count_of(text, "\x1b[K"));
    }
}

TEST_CASE("progress: a terminal that is made narrower in the middle of a run") {
    const environment set{{"TERM", "xterm"}, {"COLUMNS", nullptr}};
    pseudo_terminal terminal(100);
    REQUIRE(terminal.stream() != nullptr);
    progress bar(terminal.stream(), style_of(terminal.stream()), 10);
    bar.show(at(1, 1));
    CHECK(columns_of(shown(terminal.read_back())) > 60);
    terminal.resize(40);
    bar.show(at(2, 2));
    CHECK(columns_of(shown(terminal.read_back())) < 40);
}
