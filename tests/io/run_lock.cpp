// SPDX-License-Identifier: MIT
#include <moe/io/run_lock.hpp>

#include <memory>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <tests/support/folder.hpp>

using namespace moe::io;
using test::error_of;
using test::has;

TEST_CASE("a run's folder is held by one lock at a time, and the holder is named") {
    const test::folder folder;
    const std::string run = folder / "deep/run";
    {
        const run_lock lock(run);
        const std::string said = error_of([&] { run_lock second(run); });
        CHECK(has(said, run + ": another run is using this folder (process "));
        CHECK(has(said, std::to_string(::getpid()) + " on "));
    }
    const run_lock again(run);
}

TEST_CASE("a killed process leaves no lock behind") {
    const test::folder folder;
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const run_lock lock(folder.path());
        if (::write(ready[1], "x", 1) != 1) ::_exit(1);
        for (;;) ::pause();
    }
    char byte;
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    CHECK(has(error_of([&] { run_lock lock(folder.path()); }),
              "(process " + std::to_string(child) + " on "));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(ready[0]);
    ::close(ready[1]);
    CHECK(error_of([&] { run_lock lock(folder.path()); }).empty());
}

TEST_CASE("the lock's holder removes what killed processes left half-written") {
    const test::folder folder;
    test::put(folder / "summary.json.tmp-1-0", "{");
    test::put(folder / "checkpoints/step-000100.tmp-12-3/model.safetensors", "");
    test::put(folder / "checkpoints/step-000050/model.safetensors", "");
    const run_lock lock(folder.path());
    CHECK(list_folder(folder.path()) == std::vector<std::string>{"checkpoints", "run.lock"});
    CHECK(list_folder(folder / "checkpoints") == std::vector<std::string>{"step-000050"});
}
