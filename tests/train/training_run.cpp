// SPDX-License-Identifier: MIT
#include "tests/support/small.hpp"

#include <doctest/doctest.h>
#include <moe/train/training_run.hpp>

#include <filesystem>

namespace {
using run = moe::training_run<test::small>;

struct watcher : moe::quiet {
    std::int64_t steps = 0, stop_after = -1;
    int validations = 0;
    std::string notes;

    void note(const std::string& text) { notes += text + "\n"; }
    void stepped(const moe::step_report&, double, double) { ++steps; }
    void validated(const moe::validation_report&) { ++validations; }
    bool stop() const { return steps == stop_after; }
};

moe::run_summary fit(const moe::settings& s, watcher& observer) {
    run one(s, observer);
    return one.fit(observer);
}
moe::run_summary fit(const moe::settings& s) {
    watcher observer;
    return fit(s, observer);
}
int lines_of(const std::string& text) { return int(std::count(text.begin(), text.end(), '\n')); }
}  // namespace

TEST_CASE("a run leaves checkpoints, log lines, events and a summary") {
    const test::folder in;
    test::put_domains(in);
    moe::settings s = test::small_settings(in);
    s.validate_every = 6;
    watcher observer;
    const moe::run_summary summary = fit(s, observer);
    CHECK(observer.steps == 12);
    CHECK(observer.validations == 2);
    CHECK(summary.steps == 12);
    CHECK(summary.tokens == 12 * 128);
    CHECK(summary.validation.size() == 2);
    CHECK(summary.train_loss < 5.6);
    CHECK(summary.weights_hash.size() == 32);
    CHECK(summary.peak_bytes == summary.planned_bytes);
    CHECK(summary.resident_bytes > 0);
    CHECK(summary.joules > 0);
    // Four log lines and two validations.
    CHECK(lines_of(test::get(in / "run/metrics.jsonl")) == 6);
    CHECK(std::filesystem::exists(in / "run/summary.json"));
    CHECK(!std::filesystem::is_empty(in / "run/tensorboard"));
    // Steps 10 and 12: two are kept, the last one is the end.
    CHECK(std::filesystem::exists(in / "run/checkpoints/step-000012"));
    CHECK(std::filesystem::exists(in / "run/checkpoints/step-000010"));
    CHECK(!std::filesystem::exists(in / "run/checkpoints/step-000005"));
}

TEST_CASE("resuming is the run that never stopped, to the bit, wherever it stopped") {
    const test::folder in;
    test::put_domains(in);
    moe::settings s = test::small_settings(in, "whole");
    s.grains = 2;
    const moe::run_summary whole = fit(s);
    for (const std::int64_t stop : {1, 5, 7, 11}) {
        CAPTURE(stop);
        s.out = in / ("stopped" + std::to_string(stop));
        s.resume = false;
        watcher observer;
        observer.stop_after = stop;
        CHECK(fit(s, observer).steps == stop);
        s.resume = true;
        s.threads = 1;
        const moe::run_summary resumed = fit(s);
        CHECK(resumed.steps == 12);
        CHECK(resumed.weights_hash == whole.weights_hash);
        CHECK(resumed.state_hash == whole.state_hash);
        CHECK(resumed.train_loss == whole.train_loss);
        CHECK(resumed.validation[1].bits_per_byte == whole.validation[1].bits_per_byte);
        CHECK(lines_of(test::get(s.out + "/metrics.jsonl")) ==
              lines_of(test::get(in / "whole/metrics.jsonl")));
        s.threads = 2;
    }
}

TEST_CASE("a damaged checkpoint is named, and the one before it continues the run") {
    const test::folder in;
    test::put_domains(in);
    moe::settings s = test::small_settings(in, "whole");
    const moe::run_summary whole = fit(s);
    s.out = in / "damaged";
    watcher stopped;
    stopped.stop_after = 10;
    fit(s, stopped);
    const std::string newest = in / "damaged/checkpoints/step-000010/optimizer.safetensors";
    std::string bytes = test::get(newest);
    bytes[bytes.size() - 100] = char(bytes[bytes.size() - 100] ^ 4);
    test::put(newest, bytes);
    s.resume = true;
    watcher observer;
    const moe::run_summary resumed = fit(s, observer);
    CHECK(test::has(observer.notes, "step-000010"));
    CHECK(observer.steps == 7);  // from step 5
    CHECK(resumed.state_hash == whole.state_hash);
}

TEST_CASE("a folder that holds a run is not overwritten; a finished run only tells again") {
    const test::folder in;
    test::put_domains(in);
    moe::settings s = test::small_settings(in);
    const moe::run_summary first = fit(s);
    CHECK(test::has(test::error_of([&] { fit(s); }), "holds a run already; --resume continues it"));
    std::filesystem::remove(in / "run/summary.json");
    s.resume = true;
    watcher observer;
    CHECK(fit(s, observer).weights_hash == first.weights_hash);
    CHECK(observer.steps == 0);
    CHECK(std::filesystem::exists(in / "run/summary.json"));
    CHECK(fit(s).weights_hash == first.weights_hash);
    // The summary of an earlier stop: the run was killed between its last checkpoint and its own.
    moe::run_summary stale = first;
    stale.steps = 5;
    stale.weights_hash = stale.state_hash = "";
    moe::write_summary(in / "run/summary.json", stale);
    CHECK(fit(s).state_hash == first.state_hash);
    CHECK(moe::read_summary(in / "run/summary.json").steps == 12);
}

TEST_CASE("--resume without a checkpoint starts fresh") {
    const test::folder in;
    test::put_domains(in);
    moe::settings s = test::small_settings(in);
    s.resume = true;
    watcher observer;
    CHECK(fit(s, observer).steps == 12);
    CHECK(test::has(observer.notes, "no checkpoint yet; starting fresh"));
}

TEST_CASE("what would not continue the run is refused by name") {
    const test::folder in;
    test::put_domains(in);
    moe::settings s = test::small_settings(in);
    watcher stopped;
    stopped.stop_after = 5;
    fit(s, stopped);
    s.resume = true;
    const auto words = [&](auto change) {
        moe::settings other = s;
        change(other);
        return test::error_of([&] { fit(other); });
    };
    CHECK(test::has(words([](auto& o) { o.seed = 9; }), "the run has seed 1, and --seed gives 9"));
    CHECK(test::has(words([](auto& o) { o.batch = 64; }),
                    "the run has batch 128, and --batch gives 64"));
    CHECK(test::has(words([](auto& o) { o.grains = 2; }),
                    "the run has grains 1, and --grains gives 2"));
    test::put(in / "text/stones/three.txt", test::chain_text(2, 3000));
    CHECK(test::has(words([](auto&) {}), "--data gives"));
}

TEST_CASE("--init takes the weights of a model and nothing else") {
    const test::folder in;
    test::put_domains(in);
    moe::settings s = test::small_settings(in, "first");
    watcher observer;
    run first(s, observer);
    first.fit(observer);
    s.out = in / "second";
    s.init = in / "first";
    run second(s, observer);
    CHECK(second.trainer().steps_done() == 0);
    const auto a = first.trainer().network().parameter("lm_head.weight");
    const auto b = second.trainer().network().parameter("lm_head.weight");
    CHECK(std::equal(a.at, a.at + a.count * a.width, b.at));
    CHECK(second.trainer().step().loss < 5.5);
}

TEST_CASE("two runs do not share a folder") {
    const test::folder in;
    test::put_domains(in);
    moe::quiet observer;
    moe::settings s = test::small_settings(in);
    s.resume = true;
    run one(s, observer);
    CHECK(test::error_of([&] { run(s, observer); }).size() > 0);
}

TEST_CASE("folders that are not given are asked for") {
    moe::quiet observer;
    moe::settings s;
    CHECK_THROWS_WITH_AS(run(s, observer), "--data: expected a folder of text files",
                         moe::usage_error);
    s.data = "text";
    CHECK_THROWS_WITH_AS(run(s, observer), "--out: expected a folder for the run",
                         moe::usage_error);
}
