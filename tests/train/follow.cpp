// SPDX-License-Identifier: MIT
#include "tests/support/small.hpp"

#include <doctest/doctest.h>
#include <moe/comm/threads.hpp>
#include <moe/train/training_run.hpp>

#include <mutex>

namespace {
using moe::thread_ranks;
using on = moe::device_on<test::small>;

struct watcher : moe::quiet {
    std::int64_t steps = 0, stop_after = -1;
    void stepped(const moe::step_report&, double, double) { ++steps; }
    bool stop() const { return steps == stop_after; }
};

struct small_zero : test::small {
    moe::mesh parallel{.data = 4, .zero = 1};
};

// A run by as many ranks, the first of which stops after some steps.
template <class Recipe = test::small>
moe::run_summary run_by(int ranks_wanted, const moe::settings& s, std::int64_t stop_after = -1) {
    moe::run_summary summary;
    moe::run_ranks(ranks_wanted, std::chrono::seconds(60), [&](thread_ranks& ranks) {
        if (ranks.rank() != 0) return moe::follow<Recipe, on, thread_ranks>(s, std::move(ranks));
        watcher watches;
        watches.stop_after = stop_after;
        moe::training_run<Recipe, on, thread_ranks> run(s, watches, std::move(ranks));
        summary = run.fit(watches);
    });
    return summary;
}
}  // namespace

TEST_CASE("a run of several ranks is the run of one") {
    const test::folder in;
    test::put_domains(in);
    moe::settings s = test::small_settings(in, "one");
    s.threads = 1;
    s.grains = 4;
    s.validate_every = 5;
    const moe::run_summary one = run_by(1, s);
    CHECK(one.ranks == 1);
    for (const int ranks : {2, 4}) {
        s.out = in / ("run" + std::to_string(ranks));
        const moe::run_summary many = run_by(ranks, s);
        CHECK(many.ranks == ranks);
        CHECK(many.weights_hash == one.weights_hash);
        CHECK(many.state_hash == one.state_hash);
        CHECK(many.train_loss == one.train_loss);
        CHECK(many.validation[0].bits_per_byte == one.validation[0].bits_per_byte);
        CHECK(many.peak_bytes == many.planned_bytes);
        CHECK(many.planned_bytes < one.planned_bytes);  // fewer gradient buffers
    }
}

TEST_CASE("stopped by some ranks, gone on by others: the same") {
    const test::folder in;
    test::put_domains(in);
    moe::settings s = test::small_settings(in, "whole");
    s.threads = 1;
    s.grains = 4;
    const moe::run_summary whole = run_by(1, s);
    s.out = in / "parts";
    CHECK(run_by(4, s, 3).steps == 3);
    s.resume = true;
    CHECK(run_by(2, s, 5).steps == 8);
    CHECK(run_by(1, s, 1).steps == 9);
    const moe::run_summary end = run_by(3, s);
    CHECK(end.steps == 12);
    CHECK(end.weights_hash == whole.weights_hash);
    CHECK(end.state_hash == whole.state_hash);
    // A finished run only tells again.
    CHECK(run_by(2, s).state_hash == whole.state_hash);
}

TEST_CASE("moments that ranks share are those that each would have") {
    const test::folder in;
    test::put_domains(in);
    moe::settings s = test::small_settings(in, "whole");
    s.threads = 1;
    s.grains = 4;
    const moe::run_summary whole = run_by(1, s);
    std::int64_t bytes = 0;
    for (const int ranks : {4, 3, 2}) {
        s.out = in / ("run" + std::to_string(ranks));
        const moe::run_summary shared = run_by<small_zero>(ranks, s);
        CHECK(shared.weights_hash == whole.weights_hash);
        CHECK(shared.state_hash == whole.state_hash);
        CHECK(shared.peak_bytes == shared.planned_bytes);
        CHECK(shared.planned_bytes > bytes);  // fewer ranks, larger shares
        bytes = shared.planned_bytes;
    }
    CHECK(bytes < whole.planned_bytes);
    // Stopped by ranks that share, gone on by others that share, by one, by two that do not.
    s.out = in / "parts";
    CHECK(run_by<small_zero>(4, s, 3).steps == 3);
    s.resume = true;
    CHECK(run_by<small_zero>(3, s, 3).steps == 6);
    CHECK(run_by(1, s, 1).steps == 7);
    CHECK(run_by<small_zero>(1, s, 1).steps == 8);
    CHECK(run_by(2, s, 1).steps == 9);
    const moe::run_summary end = run_by<small_zero>(2, s);
    CHECK(end.steps == 12);
    CHECK(end.state_hash == whole.state_hash);
}

TEST_CASE("another model's weights reach every rank") {
    const test::folder in;
    test::put_domains(in);
    moe::settings s = test::small_settings(in, "base");
    s.threads = 1;
    s.grains = 2;
    s.steps = 3;
    run_by(1, s);
    s.init = in / "base";
    s.out = in / "one";
    const moe::run_summary one = run_by(1, s);
    s.out = in / "two";
    CHECK(run_by(2, s).state_hash == one.state_hash);
}

TEST_CASE("what rank 0 cannot do ends the run with its words") {
    const test::folder in;
    test::put_domains(in);
    moe::settings s = test::small_settings(in);
    s.steps = 1;
    run_by(1, s);
    CHECK(test::error_of([&] { run_by(3, s); }) ==
          s.out + ": holds a run already; --resume continues it, another --out starts a new one");
}
