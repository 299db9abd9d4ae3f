// SPDX-License-Identifier: MIT
// What holds of every back end is asked of threads here, and of each of them in its own test.
#include "tests/support/collectives.hpp"

#include <moe/comm/threads.hpp>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using moe::thread_ranks;

TEST_CASE("every collective does what it says") {
    for (const int size : {1, 2, 3, 4, 8}) {
        CAPTURE(size);
        moe::run_ranks(size, 60s, [](thread_ranks& ranks) { test::check_collectives(ranks); });
    }
}

TEST_CASE("a sum over grains has the same bits from any number of ranks") {
    // check_sum_of_grains compares with one definition; here the sizes go on.
    for (int size = 1; size <= 8; ++size)
        moe::run_ranks(size, 60s, [](thread_ranks& ranks) {
            for (int grains = 1; grains <= 17; ++grains)
                test::check_sum_of_grains<float>(ranks, 4, 10, grains);
        });
}

TEST_CASE("ranks that do different things are told so, all of them") {
    struct odd_one {
        const char* says;
        void (*does)(thread_ranks&);
    };
    const odd_one odd[] = {
        {"barrier, call 1", [](thread_ranks& r) { r.barrier(); }},
        {"all_reduce of 6 float32 over 3 grains, call 1",
         [](thread_ranks& r) {
             std::vector<float> more(6);
             r.all_reduce(std::span(more));
         }},
        {"all_reduce of 5 float64 over 3 grains, call 1",
         [](thread_ranks& r) {
             std::vector<double> other(5);
             r.all_reduce(std::span(other));
         }},
        {"broadcast of 5 float32 from rank 2, call 1",
         [](thread_ranks& r) {
             std::vector<float> same(5);
             r.broadcast(std::span(same), 2);
         }},
        {"exchange of 5 float32, call 0",
         [](thread_ranks& r) {
             const std::vector<float> same(5);
             const moe::message<const float> to[] = {{0, same}, {2, same}};
             r.exchange<float>(to, {});
         }},
    };
    for (const odd_one& one : odd) {
        CAPTURE(one.says);
        std::string told[3];
        std::mutex mutex;
        CHECK_THROWS(moe::run_ranks(3, 2s, [&](thread_ranks& ranks) {
            ranks.barrier();
            std::vector<float> values(5);
            try {
                if (ranks.rank() == 1)
                    one.does(ranks);
                else
                    ranks.all_reduce(std::span(values));
                ranks.barrier();
            } catch (const moe::error& problem) {
                const std::scoped_lock lock(mutex);
                told[ranks.rank()] = problem.what();
                throw;
            }
        }));
        const std::string plain = "all_reduce of 5 float32 over 3 grains, call 1";
        for (int r : {0, 2}) {
            CAPTURE(told[r]);
            CHECK(told[r].starts_with("rank " + std::to_string(r) + ": " + plain + ": rank "));
        }
        CHECK(!told[1].empty());
        // Somebody saw the odd one itself, not only that others gave up.
        CHECK((told[0] + told[1] + told[2]).find("rank 1") != std::string::npos);
        CHECK((told[0] + told[1] + told[2]).find(one.says) != std::string::npos);
    }
}

TEST_CASE("what one sends is what the other expects") {
    std::string told;
    try {
        moe::run_ranks(2, 2s, [](thread_ranks& ranks) {
            const std::vector<std::int64_t> out_counts = {1, 2}, in_counts = {1, 1};
            std::vector<float> in(2), out(3);
            ranks.all_to_all_v(std::span(in), std::span(in_counts), std::span<const float>(out),
                               std::span(out_counts));
        });
    } catch (const moe::error& problem) {
        told = problem.what();
    }
    // Rank 1 gets two where it expects one.
    CHECK(told == "rank 1: all_to_all_v of 0 float32, call 0: rank 0 sends 2 elements, expected 1");
}

TEST_CASE("both ends of a message say how long it is") {
    std::string told;
    try {
        moe::run_ranks(3, 2s, [](thread_ranks& ranks) {
            std::vector<float> values(4);
            const moe::message<const float> to[] = {{1, std::span(values)}};
            const moe::message<float> from[] = {{0, std::span(values).first(3)}};
            if (ranks.rank() == 0) ranks.exchange<float>(to, {});
            if (ranks.rank() == 1) ranks.exchange<float>({}, from);
        });
    } catch (const moe::error& problem) {
        told = problem.what();
    }
    CHECK((told == "rank 0: exchange of 4 float32, call 0: rank 1 is at: exchange of 3 float32, "
                   "call 0" ||
           told == "rank 1: exchange of 3 float32, call 0: rank 0 is at: exchange of 4 float32, "
                   "call 0"));
}

TEST_CASE("bytes sent are counted: what crosses is what the formula says") {
    moe::run_ranks(4, 60s, [](thread_ranks& ranks) {
        using moe::collective;
        std::vector<float> values(1000);
        ranks.all_reduce(std::span(values));
        // Three quarters go to their adders, then this quarter to all.
        test::expect(ranks.sent().bytes_of(collective::all_reduce) == 2 * 3 * 250 * 4, "reduced");
        ranks.reduce_scatter(std::span(values));
        test::expect(ranks.sent().bytes_of(collective::reduce_scatter) == 750 * 4, "scattered");
        ranks.all_gather(std::span(values));
        test::expect(ranks.sent().bytes_of(collective::all_gather) == 3 * 250 * 4, "gathered");
        ranks.broadcast(std::span(values), 2);
        test::expect(
            ranks.sent().bytes_of(collective::broadcast) == (ranks.rank() == 2 ? 3 * 4000 : 0),
            "broadcast");
        test::expect(ranks.sent().calls_of(collective::broadcast) == 1, "calls");
        test::expect(ranks.sent().checks == 4 * 3 * std::int64_t(sizeof(moe::call)), "checks");
    });
}
