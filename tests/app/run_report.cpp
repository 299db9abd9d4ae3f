// SPDX-License-Identifier: MIT
#include <moe/app/gzip.hpp>
#include <moe/app/run_report.hpp>

#include <tests/support/small.hpp>

#include <doctest/doctest.h>

#include <cmath>

TEST_CASE("run report: baselines of each domain's held-out text") {
    const test::folder in;
    // One letter, and two of which each is as likely.
    std::string even;
    while (even.size() < 20000) even += moe::random_below(2, 1, 0, even.size()) ? "a" : "b";
    test::put(in / "text/even/all.txt", even);
    test::put(in / "text/flat/all.txt", std::string(20000, 'a'));
    const moe::io::corpus text(in / "text", moe::io::tokenizer(), {.context = 32});
    const auto baselines = moe::baselines_of(text);
    REQUIRE(baselines.size() == 2);
    CHECK(baselines[0].domain == "even");
    CHECK(baselines[0].unigram == doctest::Approx(1).epsilon(0.03));
    // Each of the 256 bytes counts once more than it was seen.
    CHECK(baselines[1].domain == "flat");
    CHECK(baselines[1].unigram ==
          doctest::Approx(std::log2((19000 + 256) / 19001.0)).epsilon(1e-2));
    CHECK(baselines[0].gzip == moe::gzip_bits_per_byte(text.held_out_text(0)));
    CHECK(baselines[0].gzip > baselines[1].gzip);
}

TEST_CASE("run report: all that a run remembers, with text of its own") {
    const test::folder in;
    test::put_domains(in);
    moe::settings s = test::small_settings(in);
    s.validate_every = 6;
    moe::quiet observer;
    moe::training_run<test::small> run(s, observer);
    const moe::run_summary summary = run.fit(observer);
    const moe::report_data report = moe::report_of(run, summary);
    CHECK(report.summary.weights_hash == summary.weights_hash);
    CHECK(report.recipe.size() > 20);
    CHECK(!report.settings.empty());
    CHECK(report.baselines.size() == 2);
    REQUIRE(report.losses.size() == 1);
    CHECK(report.losses[0].x.back() == 12);
    REQUIRE(report.validation.size() == 2);
    CHECK(report.validation[1].name == "stones");
    CHECK(report.validation[1].x == std::vector<double>{6, 12});
    REQUIRE(report.routing.size() == 1);  // one mixture layer: domains x experts
    CHECK(report.routing[0].rows.size() == 2);
    CHECK(report.routing[0].columns.size() == 8);
    double bytes = 0;
    for (const moe::role_bytes& role : report.memory) bytes += role.bytes;
    CHECK(bytes == double(summary.planned_bytes));

    REQUIRE(report.samples.size() == 2);
    const moe::io::corpus& text = run.trainer().text();
    for (int domain = 0; domain < 2; ++domain) {
        const moe::domain_sample& sample = report.samples[std::size_t(domain)];
        CHECK(sample.domain == text.domain(domain));
        // A quarter of the context, from the beginning of what was held out.
        CHECK(sample.prompt == text.held_out_text(domain).substr(0, 8));
        CHECK(sample.text.size() == 240);
    }
    // The same text the next time.
    CHECK(moe::samples_of(run, 50)[0].text == report.samples[0].text.substr(0, 50));
}
