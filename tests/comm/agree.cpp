// SPDX-License-Identifier: MIT
#include <moe/comm/agree.hpp>
#include <moe/comm/alone.hpp>
#include <moe/comm/threads.hpp>

#include <doctest/doctest.h>

using moe::thread_ranks;

TEST_CASE("what all ranks have is agreed") {
    moe::alone one;
    require_same(one, "the text", "a");
    moe::run_ranks(4, std::chrono::seconds(60), [](thread_ranks& ranks) {
        require_same(ranks, "the recipe", "nano");
        ranks.barrier();
    });
}

TEST_CASE("every rank hears of the one that differs") {
    moe::run_ranks(4, std::chrono::seconds(60), [](thread_ranks& ranks) {
        std::string told;
        try {
            require_same(ranks, "the recipe", ranks.rank() == 2 ? "mini" : "nano");
        } catch (const moe::error& problem) {
            told = problem.what();
        }
        if (told !=
            "the recipe of rank 2 is not that of rank 0: all ranks must run the same program with "
            "the same flags on the same text")
            throw moe::error("rank " + std::to_string(ranks.rank()) + " heard: " + told);
    });
}
