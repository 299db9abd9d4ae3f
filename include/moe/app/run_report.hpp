// SPDX-License-Identifier: MIT
// What a finished run shows: everything it remembers as report.html, and in short in the terminal.
#pragma once

#include <moe/app/report.hpp>
#include <moe/model/generate.hpp>
#include <moe/train/training_run.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace moe {

// Bits per byte of each domain's held-out text without any network: under the frequencies of bytes
// in its training text, and by gzip.
std::vector<domain_baseline> baselines_of(const io::corpus& text);

// The network goes on from the beginning of each domain's held-out text.
template <class Recipe, class On, class Ranks>
std::vector<domain_sample> samples_of(training_run<Recipe, On, Ranks>& run, std::int64_t tokens) {
    auto& trainer = run.trainer();
    const io::corpus& text = trainer.text();
    const int context = text.shape().context;
    std::vector<domain_sample> samples;
    for (int domain = 0; domain < text.domains(); ++domain) {
        if (text.validation_windows(domain) == 0) continue;
        std::vector<int> prompt(std::size_t(std::max(1, context / 4)));
        std::string made;
        text.read(text.validation(domain, 0).first, int(prompt.size()), prompt.data());
        generate(trainer.network(), prompt, tokens,
                 {.temperature = 0.7, .seed = trainer.with().seed},
                 [&](int token) { return made += trainer.words().text_of(token), true; });
        samples.push_back({text.domain(domain), trainer.words().decode(prompt), made});
    }
    return samples;
}

template <class Recipe, class On, class Ranks>
report_data report_of(training_run<Recipe, On, Ranks>& run, const run_summary& summary) {
    constexpr std::int64_t sample_tokens = 240;
    report_data report;
    report.summary = summary;
    report.recipe = recipe_text<Recipe>();
    add_settings(report, run.trainer().with());
    add_history(report, run.history());
    report.baselines = baselines_of(run.trainer().text());
    run.planned().each([&](const char* role, std::size_t bytes) {
        report.memory.push_back({role, double(bytes)});
    });
    report.samples = samples_of(run, sample_tokens);
    return report;
}

}  // namespace moe
