// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/core/check.hpp>

#include <cstdio>
#include <cstring>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace {
// What a child process that runs 'work' prints on standard error, and whether it was aborted.
template <class Work> std::string last_words(const Work& work, bool& aborted) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 2);
        work();
        _exit(0);
    }
    close(ends[1]);
    std::string text;
    char piece[256];
    for (ssize_t n; (n = read(ends[0], piece, sizeof piece)) > 0;)
        text.append(piece, std::size_t(n));
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    return text;
}
}  // namespace

TEST_CASE("a failed check names the comparison and both values") {
    bool aborted = false;
    const int width = 3, in = 4;
    const std::string words = last_words([&] { MOE_CHECK(width, ==, in); }, aborted);
    CHECK(aborted);
    CHECK(words.find("expected width == in, but the left side is 3 and the right 4") !=
          std::string::npos);
    CHECK(words.find("check.cpp") != std::string::npos);
}

TEST_CASE("a check that holds says nothing and evaluates its sides once") {
    int calls = 0;
    const auto count = [&] { return ++calls; };
    MOE_CHECK(count(), <, 2);
    CHECK(calls == 1);
}
