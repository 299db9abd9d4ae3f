// SPDX-License-Identifier: MIT
// What a finished run shows: in the terminal its loss curve, tables and samples of text, and the
// same in report.html.
#pragma once

#include <moe/app/console.hpp>
#include <moe/app/format.hpp>
#include <moe/app/gzip.hpp>
#include <moe/model/generate.hpp>
#include <moe/train/baseline.hpp>
#include <moe/train/training_run.hpp>

#include <cstdio>
#include <string>
#include <vector>

namespace moe {

struct domain_sample {
    std::string domain, prompt, text;
};

// Goes on from the beginning of each domain's held-out text.
template <class Recipe, class On>
std::vector<domain_sample> samples_of(training_run<Recipe, On>& run, std::int64_t tokens) {
    auto& trainer = run.trainer();
    const io::corpus& text = trainer.text();
    const int context = text.shape().context;
    std::vector<domain_sample> samples;
    for (int domain = 0; domain < text.domains(); ++domain) {
        if (text.validation_windows(domain) == 0) continue;
        const io::window first = text.validation(domain, 0);
        std::vector<int> prompt(std::size_t(std::min(context, std::max(1, context / 4)))), made;
        text.read(first.first, int(prompt.size()), prompt.data());
        generate(trainer.network(), prompt, tokens,
                 {.temperature = 0.7, .seed = trainer.with().seed},
                 [&](int token) { return made.push_back(token), true; });
        samples.push_back(
            {text.domain(domain), trainer.words().decode(prompt), trainer.words().decode(made)});
    }
    return samples;
}

// Bits per byte of each domain's held-out text without any network: bytes counted in the training
// text of the domain, and gzip.
struct domain_baseline {
    std::string domain;
    double unigram = 0, gzip = 0;
};
std::vector<domain_baseline> baselines_of(const io::corpus& text);

template <class Recipe, class On>
void write_report(training_run<Recipe, On>& run, const run_summary& summary, std::FILE* to) {
    const terminal_style style = style_of(to);
    const run_history& history = run.history();
    const validation_report& last = history.validations.back();
    curve loss{.name = "training loss", .x = {}, .y = history.losses};
    for (std::size_t i = 0; i < loss.y.size(); ++i) loss.x.push_back(double(i + 1));
    const curve drawn[] = {smoothed(thinned(loss, 200), 2)};
    std::fputs(draw_curves(drawn,
                           {.title = "training loss",
                            .x_label = "step",
                            .y_label = "nats per token",
                            .caption = {}},
                           style)
                   .c_str(),
               to);
    std::fputs(("\n" + domain_table(last, style) + "\n" + routing_table(last, style)).c_str(), to);
    for (const domain_sample& one : samples_of(run, 200))
        std::fputs(("\n" + one.domain + ": " + printable(one.prompt, true) + "|" +
                    printable(one.text, true) + "\n")
                       .c_str(),
                   to);
    (void)summary;
}

}  // namespace moe
