// SPDX-License-Identifier: MIT
#include "tests/support/count_allocations.hpp"
#include "tests/support/layouts.hpp"
#include "tests/support/small.hpp"

#include <moe/comm/threads.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <limits>

namespace {
using trainer = moe::trainer<test::small>;

// All weights and biases behind each other.
std::vector<float> weights_of(trainer& from) {
    std::vector<float> all;
    from.network().each_parameter([&](const moe::name&, auto values, moe::spec) {
        all.insert(all.end(), values.at, values.at + std::ptrdiff_t(values.count) * values.width);
    });
    return all;
}
}  // namespace

TEST_CASE("a few steps learn, balance and move on in the text") {
    const test::folder in;
    test::put_domains(in);
    moe::settings s = test::small_settings(in);
    s.steps = 40;
    trainer one(s);
    const double first = one.step().loss;
    CHECK(first == doctest::Approx(std::log(256.0)).epsilon(0.05));
    moe::step_report last;
    const auto bias = one.network().parameter("model.layers.1.mlp.gate.e_score_correction_bias");
    const auto biases = [&] { return std::vector<float>(bias.at, bias.at + 8); };
    while (one.steps_done() < 38) last = one.step();
    const auto before = biases();
    last = one.step();
    const auto at_rest = biases();
    last = one.step();
    CHECK(before != at_rest);
    CHECK(biases() == at_rest);  // at the last rate they stand still
    CHECK(last.loss < 3.0);
    // An untrained router is undecided, a trained one less so.
    CHECK(one.router_entropy() > 0.5);
    CHECK(one.router_entropy() < 1);
    CHECK(last.step == 40);
    CHECK(last.tokens == 128);
    CHECK(last.balance_loss > 0.9e-4);
    CHECK(one.position() == 160);
    // The biases moved, and their mean did not.
    double sum = 0, size = 0;
    for (int e = 0; e < 8; ++e) sum += bias(0, e), size += std::abs(bias(0, e));
    CHECK(size > 0);
    CHECK(std::abs(sum) < 1e-6);
    std::int64_t choices = 0;
    for (const std::int64_t count : one.routing().layer(0)) choices += count;
    CHECK(choices == 128 * 2);
}

TEST_CASE("the weights have the same bits from every number of threads") {
    const test::folder in;
    test::put_domains(in);
    moe::settings s = test::small_settings(in);
    std::vector<float> expected;
    for (const int threads : {1, 2, 3, 8}) {
        s.threads = threads;
        trainer one(s);
        while (one.steps_done() < 5) one.step();
        if (threads == 1) expected = weights_of(one);
        CHECK(weights_of(one) == expected);
    }
}

TEST_CASE("gradient accumulation gives the update of the big batch") {
    const test::folder in;
    test::put_domains(in);
    moe::settings s = test::small_settings(in);
    trainer big(s);
    s.grains = 3;
    trainer small(s);
    for (int i = 0; i < 3; ++i) {
        const moe::step_report a = big.step(), b = small.step();
        CHECK(a.loss == doctest::Approx(b.loss).epsilon(1e-5));
        CHECK(a.gradient_norm == doctest::Approx(b.gradient_norm).epsilon(1e-4));
        CHECK(a.load.max_violation == doctest::Approx(b.load.max_violation).epsilon(1e-9));
    }
    const auto a = weights_of(big), b = weights_of(small);
    double worst = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        worst = std::max(worst, double(std::abs(a[i] - b[i])));
    CHECK(worst < 2e-3);  // three steps of at most 5e-3 each, most of them equal
}

TEST_CASE("a step allocates nothing") {
    if (!test::counts_allocations) return;
    const test::folder in;
    test::put_domains(in);
    moe::settings s = test::small_settings(in);
    s.grains = 2;
    trainer one(s);
    one.step();
    const long before = test::allocations.load();
    for (int i = 0; i < 5; ++i) one.step();
    one.router_entropy();
    CHECK(test::allocations.load() == before);
    const std::vector<int> seen(1000);
    CHECK(test::allocations.load() > before);  // the count can count
}

TEST_CASE("a step that is not finite is not taken") {
    const test::folder in;
    test::put_domains(in);
    trainer one(test::small_settings(in));
    one.step();
    one.network().parameter("model.layers.0.self_attn.o_proj.weight")(1, 1) =
        std::numeric_limits<float>::quiet_NaN();
    one.network().weights_changed();
    const auto before = one.network().parameter("lm_head.weight")(0, 0);
    const std::string words = test::error_of([&] { one.step(); });
    CHECK(test::has(words, "step 2: the gradient of "));
    CHECK(test::has(words, "is not finite; the step was not taken"));
    CHECK(one.steps_done() == 1);
    CHECK(one.network().parameter("lm_head.weight")(0, 0) == before);
}

TEST_CASE("a batch is whole sequences, grains no more than those") {
    const test::folder in;
    test::put_domains(in);
    moe::settings s = test::small_settings(in);
    s.batch = 100;
    CHECK_THROWS_WITH_AS(
        trainer{s},
        "--batch: expected tokens in whole sequences of the context, a multiple of 32, found 100",
        moe::usage_error);
    s.batch = 64;
    s.grains = 3;
    CHECK_THROWS_WITH_AS(trainer{s},
                         "--grains: expected 1 to 2 (the sequences of a batch), found 3",
                         moe::usage_error);
    s.batch = std::int64_t{1} << 40;
    CHECK_THROWS_WITH_AS(trainer{s},
                         "--batch: expected at most 1073741824 tokens, found 1099511627776",
                         moe::usage_error);
}

TEST_CASE("more memory than the machine has is refused before any of it is taken") {
    const test::folder in;
    test::put_domains(in);
    moe::settings s = test::small_settings(in);
    s.batch = std::int64_t{1} << 30;
    const std::string words = test::error_of([&] { trainer one(s); });
    CHECK(test::has(words, "the plan takes "));
    CHECK(test::has(words, " GB of memory, this machine has "));
    CHECK(test::has(words, " GB; a smaller --batch, or more --grains, takes less"));
}

TEST_CASE("the plan is known before anything is allocated") {
    const test::folder in;
    test::put_domains(in);
    const moe::settings s = test::small_settings(in);
    trainer one(s);
    CHECK(trainer::planned_bytes(s) ==
          one.network().bytes().total() + moe::optimizer<test::small>::planned_bytes());
}

TEST_CASE("the weights have the same bits from every number of ranks") {
    const test::folder in;
    test::put_domains(in);
    moe::settings s = test::small_settings(in);
    s.threads = 1;
    s.steps = 6;
    s.batch = 13 * 32;
    for (const int grains : {1, 4, 6, 13}) {
        s.grains = grains;
        const test::outcome alone = test::train_some<test::small>(s, moe::alone());
        CHECK(alone.losses.back() < alone.losses.front());
        for (const int size : {2, 3, 4}) {
            std::vector<test::outcome> of(static_cast<std::size_t>(size));
            moe::run_ranks(size, std::chrono::seconds(60), [&](moe::thread_ranks& ranks) {
                const auto rank = std::size_t(ranks.rank());
                of[rank] = test::train_some<test::small>(s, std::move(ranks));
            });
            for (const test::outcome& one : of) {
                INFO(grains << " grains, " << size << " ranks");
                CHECK(one.weights == alone.weights);
                CHECK(one == alone);
            }
        }
    }
}

TEST_CASE("a step of several ranks allocates nothing, either") {
    if (!test::counts_allocations) return;
    const test::folder in;
    test::put_domains(in);
    moe::settings s = test::small_settings(in);
    s.threads = 1;
    s.grains = 3;
    s.batch = 3 * 32;
    moe::run_ranks(2, std::chrono::seconds(60), [&](moe::thread_ranks& ranks) {
        moe::trainer<test::small, moe::device_on<test::small>, moe::thread_ranks> one(
            s, std::move(ranks));
        one.step();
        one.ranks().barrier();
        const long before = test::allocations.load();
        one.ranks().barrier();
        for (int i = 0; i < 3; ++i) one.step();
        one.ranks().barrier();
        const long after = test::allocations.load();
        one.ranks().barrier();
        if (after != before) throw moe::error(std::to_string(after - before) + " allocations");
    });
}

TEST_CASE("ranks that were told different things do not begin") {
    const test::folder in, other;
    test::put_domains(in);
    test::put(other / "text/more/one.txt", test::get(in / "text/rivers/one.txt") + "and more");
    const auto with = [&](auto change) {
        return test::error_of([&] {
            moe::run_ranks(2, std::chrono::seconds(60), [&](moe::thread_ranks& ranks) {
                moe::settings s = test::small_settings(in);
                if (ranks.rank() == 1) change(s);
                moe::trainer<test::small, moe::device_on<test::small>, moe::thread_ranks> one(
                    s, std::move(ranks));
            });
        });
    };
    CHECK(with([](moe::settings& s) { s.threads = 1; }).empty());
    CHECK(test::has(with([](moe::settings& s) { s.seed = 5; }), "a flag of rank 1 is not that of"));
    CHECK(test::has(with([](moe::settings& s) { s.rate = 5; }), "a flag of rank 1 is not that of"));
    CHECK(test::has(with([&](moe::settings& s) { s.data = other / "text"; }),
                    "the text of rank 1 is not that of"));
}

TEST_CASE("a step that is not finite is taken by no rank") {
    const test::folder in;
    test::put_domains(in);
    moe::settings s = test::small_settings(in);
    s.grains = 4;
    std::atomic<int> refused = 0;
    CHECK_THROWS_AS(
        moe::run_ranks(
            2, std::chrono::seconds(60),
            [&](moe::thread_ranks& ranks) {
                const bool odd = ranks.rank() == 1;
                moe::trainer<test::small, moe::device_on<test::small>, moe::thread_ranks> one(
                    s, std::move(ranks));
                one.step();
                if (odd)
                    one.network().parameter("lm_head.weight")(0, 0) =
                        std::numeric_limits<float>::infinity();
                one.network().weights_changed();
                try {
                    one.step();
                } catch (const moe::error& problem) {
                    refused += test::has(problem.what(), "is not finite");
                    throw;
                }
            }),
        moe::error);
    CHECK(refused == 2);
}
