// SPDX-License-Identifier: MIT
// Processes are asked under mpirun, in tests/ranks.
#include "tests/support/environment.hpp"

#include <moe/app/ranks.hpp>
#include <moe/moe.hpp>

#include <doctest/doctest.h>

#include <atomic>

namespace {
struct one {
    moe::mesh parallel{};
};
struct four {
    moe::mesh parallel{.data = 4};
};

const environment nobody{
    {"OMPI_COMM_WORLD_SIZE", nullptr}, {"PMI_SIZE", nullptr}, {"PMIX_RANK", nullptr}};

std::string usage_of(auto&& action) {
    try {
        action();
    } catch (const moe::usage_error& problem) {
        return problem.what();
    }
    return {};
}
}  // namespace

TEST_CASE("a recipe without axes runs alone, on the threads that it was given") {
    moe::settings s;
    const int code = moe::with_ranks<one>("one", s, [](const moe::settings& with, auto ranks) {
        CHECK(ranks.size() == 1);
        CHECK(with.threads == 0);
        return 7;
    });
    CHECK(code == 7);
}

TEST_CASE("the ranks of a mesh are threads that share the cores") {
    moe::settings s;
    std::atomic<int> sum = 0;
    const int code = moe::with_ranks<four>("four", s, [&](const moe::settings& with, auto ranks) {
        sum += ranks.size() * 100 + ranks.rank();
        if (with.threads != std::max(1, int(std::thread::hardware_concurrency()) / 4)) sum += 10000;
        return ranks.rank() == 0 ? 3 : 5;
    });
    CHECK(code == 3);
    CHECK(sum == 4 * 400 + 6);
}

TEST_CASE("as many ranks as the mesh has, or one line") {
    const auto nothing = [](const moe::settings&, auto) { return 0; };
    moe::settings s;
    s.ranks = 4;
    CHECK(usage_of([&] { moe::with_ranks<four>("four", s, nothing); }).empty());
    CHECK(usage_of([&] { moe::with_ranks<one>("one", s, nothing); }) ==
          "--ranks: expected 1, the ranks of the recipe's mesh, found 4");
    s.ranks = 0;
    const environment launched{{"OMPI_COMM_WORLD_SIZE", "3"}};
    CHECK(usage_of([&] { moe::with_ranks<four>("four", s, nothing); }) ==
          "mpirun: expected 4 processes, the ranks of the recipe's mesh, found 3");
    CHECK(usage_of([&] { moe::with_ranks<one>("one", s, nothing); }) ==
          "mpirun: expected 1 process, the rank of the recipe's mesh, found 3");
}

TEST_CASE("a problem has an exit code") {
    const auto code_of = [](auto problem) {
        try {
            throw problem;
        } catch (...) {
            return moe::tell_problem("nano");
        }
    };
    CHECK(code_of(moe::usage_error("told on purpose")) == 2);
    CHECK(code_of(moe::error("told on purpose")) == 1);
    CHECK(code_of(std::bad_alloc()) == 1);
}
