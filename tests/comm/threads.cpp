// SPDX-License-Identifier: MIT
#include <moe/comm/threads.hpp>

#include <doctest/doctest.h>

#include <atomic>

using namespace std::chrono_literals;
using moe::thread_ranks;

namespace {
// What the first rank that fails says.
template <class Work>
std::string first_error(int size, std::chrono::nanoseconds patience, const Work& work) {
    try {
        moe::run_ranks(size, patience, work);
    } catch (const moe::error& problem) {
        return problem.what();
    }
    return {};
}
}  // namespace

TEST_CASE("a rank that has ended is not waited for") {
    const std::string told = first_error(3, 1h, [](thread_ranks& ranks) {
        ranks.barrier();
        if (ranks.rank() != 2) ranks.barrier();
    });
    const std::string end = ": barrier, call 1: rank 2 has ended";
    CHECK((told == "rank 0" + end || told == "rank 1" + end));
}

TEST_CASE("the error of a rank is the error of the run, and ends the others at once") {
    std::atomic<int> ended = 0;
    const std::string told = first_error(4, 1h, [&](thread_ranks& ranks) {
        std::vector<float> values(100'000);
        try {
            ranks.all_reduce(std::span(values));
            if (ranks.rank() == 3) throw moe::error("the disk is full");
            for (;;) ranks.all_reduce(std::span(values));
        } catch (const moe::error& problem) {
            const std::string words = problem.what();
            ended += words.ends_with(": rank 3 failed (the disk is full)");
            throw;
        }
    });
    CHECK(told == "the disk is full");
    CHECK(ended == 3);
}

TEST_CASE("silence is an error that names the rank, the operation and its number") {
    std::mutex mutex;
    std::condition_variable wake;
    int failed = 0;
    const std::string told = first_error(3, 2s, [&](thread_ranks& ranks) {
        ranks.barrier();
        if (ranks.rank() == 1) {  // lives, but has something else to do until the others gave up
            std::unique_lock lock(mutex);
            wake.wait(lock, [&] { return failed == 2; });
            return;
        }
        std::vector<double> values(7);
        try {
            ranks.all_gather(std::span(values));
        } catch (const moe::error&) {
            const std::scoped_lock lock(mutex);
            ++failed;
            wake.notify_all();
            throw;
        }
    });
    const std::string end = ": all_gather of 7 float64, call 1: no word from rank 1 within 2 s";
    CHECK((told == "rank 0" + end || told == "rank 2" + end));
}

TEST_CASE("who failed once fails at once") {
    moe::run_ranks(2, 20ms, [](thread_ranks& ranks) {
        if (ranks.rank() == 1) return;
        CHECK_THROWS_WITH_AS(ranks.barrier(), "rank 0: barrier, call 0: rank 1 has ended",
                             moe::error);
        CHECK_THROWS_AS(ranks.barrier(), moe::error);
    });
}

TEST_CASE("a rank that ends is missed in every split, too") {
    const std::string told = first_error(4, 1h, [](thread_ranks& ranks) {
        thread_ranks half = ranks.split(ranks.rank() / 2, 0);
        half.barrier();
        if (ranks.rank() != 3) half.barrier();
    });
    CHECK(told == "rank 0: barrier, call 1: rank 1 has ended");
}

TEST_CASE("a group with several messages to one rank keeps their order") {
    const auto world = std::make_shared<moe::thread_world>(std::vector<int>{0, 1});
    int sent[] = {1, 2, 3}, got[] = {0, 0, 0};
    std::thread other([&] {
        moe::thread_transport from(world, 1);
        const moe::outgoing out[] = {{0, &sent[0], 4}, {0, &sent[1], 4}, {0, &sent[2], 4}};
        from.move(out, {}, 1h);
    });
    moe::thread_transport to(world, 0);
    const moe::incoming in[] = {{1, &got[0], 4}, {1, &got[1], 4}, {1, &got[2], 4}};
    CHECK(to.move({}, in, 1h));
    other.join();
    CHECK(std::equal(std::begin(got), std::end(got), std::begin(sent)));
}

TEST_CASE("a message of another size is not copied") {
    const auto world = std::make_shared<moe::thread_world>(std::vector<int>{0, 1});
    std::thread other([&] {
        moe::thread_transport from(world, 1);
        const double sent = 1;
        const moe::outgoing out[] = {{0, &sent, 8}};
        CHECK_FALSE(from.move(out, {}, 1h));
    });
    moe::thread_transport to(world, 0);
    float got = 7;
    const moe::incoming in[] = {{1, &got, 4}};
    CHECK(to.move({}, in, 1h).why == "rank 1 sent 8 bytes, expected 4");
    CHECK(got == 7);
    to.give_up("enough");
    other.join();
}
