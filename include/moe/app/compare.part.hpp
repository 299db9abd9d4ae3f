// SPDX-License-Identifier: MIT
// The definitions of compare.hpp, compiled once.
#pragma once

#include <moe/app/compare.hpp>
#include <moe/app/format.hpp>
#include <moe/app/page.part.hpp>
#include <moe/app/read_run.hpp>
#include <moe/core/error.hpp>
#include <moe/io/file.hpp>
#include <moe/io/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace moe {

namespace detail {

// Runs with batches of different sizes are compared token by token.
inline curve over_tokens(const compared_run& run, curve of) {
    for (double& x : of.x) x *= double(run.data.summary.batch);
    of.name = run.name;
    return of;
}
inline std::vector<curve> loss_curves(std::span<const compared_run> runs) {
    std::vector<curve> curves;
    for (const compared_run& run : runs)
        if (!run.data.losses.empty()) {
            const curve loss = over_tokens(run, run.data.losses[0]);
            curves.push_back(smoothed(loss, int(loss.x.size()) / 50));
        }
    return curves;
}
// The mean over the domains.
inline std::vector<curve> held_out_curves(std::span<const compared_run> runs) {
    std::vector<curve> curves;
    for (const compared_run& run : runs) {
        const auto& domains = run.data.validation;
        if (domains.empty()) continue;
        curve mean = domains[0];
        for (std::size_t i = 0; i < mean.y.size(); ++i) {
            mean.y[i] = 0;
            for (const curve& domain : domains)
                mean.y[i] += (i < domain.y.size() ? domain.y[i] : NAN) / double(domains.size());
        }
        curves.push_back(over_tokens(run, std::move(mean)));
    }
    return curves;
}
inline double score_of(const run_summary& s, const std::string& domain) {
    for (const domain_score& one : s.validation)
        if (one.domain == domain) return one.bits_per_byte;
    return run_summary::unknown;
}
// Of all runs, in the order of the first that has one.
inline std::vector<std::string> domains_of(std::span<const compared_run> runs) {
    std::vector<std::string> names;
    for (const compared_run& run : runs)
        for (const domain_score& one : run.data.summary.validation)
            if (std::find(names.begin(), names.end(), one.domain) == names.end())
                names.push_back(one.domain);
    return names;
}

inline const chart_words loss_words{"Training loss", "tokens", "nats per token", ""};
inline const chart_words held_out_words{"Held-out text", "tokens",
                                        "bits per byte, mean over domains", ""};

}  // namespace detail

std::vector<compared_run> read_runs(const std::vector<std::string>& folders) {
    if (folders.size() < 2)
        throw usage_error("compare: expected at least two run folders, found " +
                          std::to_string(folders.size()));
    const auto name_of = [](std::string folder) {
        while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
        return io::name_in_folder(folder);
    };
    std::vector<compared_run> runs;
    for (const std::string& folder : folders) {
        const bool alone = std::count_if(folders.begin(), folders.end(), [&](auto& other) {
                               return name_of(other) == name_of(folder);
                           }) == 1;
        runs.push_back({alone ? name_of(folder) : folder, read_run(folder)});
    }
    return runs;
}

text_table compared_table(std::span<const compared_run> runs) {
    text_table table{{""}, {}};
    for (const compared_run& run : runs) table.header.push_back(run.name);
    const bool two = runs.size() == 2;
    if (two) table.header.push_back("change");
    const auto row = [&](const std::string& name, auto&& value, auto&& text) {
        std::vector<std::string> cells{name};
        bool known = false;
        for (const compared_run& run : runs) {
            const double number = double(value(run.data.summary));
            known = known || std::isfinite(number);
            cells.push_back(std::isfinite(number) ? text(number) : "-");
        }
        if (!known) return;
        if (two) {
            const double a = double(value(runs[0].data.summary)),
                         b = double(value(runs[1].data.summary)), change = b / a - 1;
            cells.push_back(!std::isfinite(change) || a == b
                                ? ""
                                : (change > 0 ? "+" : "") + percent(change, 1));
        }
        table.rows.push_back(std::move(cells));
    };
    const auto digits = [](int count) { return [count](double x) { return fixed(x, count); }; };
    using summary = run_summary;
    row(
        "parameters", [](const summary& s) { return s.parameters; }, short_count);
    row(
        "active a token", [](const summary& s) { return s.parameters_active; }, short_count);
    row(
        "training loss, nats", [](const summary& s) { return s.train_loss; }, digits(4));
    row("bits per byte, mean", validation_mean, digits(4));
    for (const std::string& domain : detail::domains_of(runs))
        row(
            "  " + domain, [&](const summary& s) { return detail::score_of(s, domain); },
            digits(4));
    row(
        "steps", [](const summary& s) { return s.steps; }, digits(0));
    row(
        "tokens", [](const summary& s) { return s.tokens; }, short_count);
    row(
        "FLOP", [](const summary& s) { return s.flop; }, short_flop);
    row(
        "time", [](const summary& s) { return s.seconds; }, short_time);
    row(
        "tokens a second", [](const summary& s) { return s.tokens_per_second; }, short_count);
    row(
        "share of peak", [](const summary& s) { return s.peak_share; },
        [](double x) { return percent(x); });
    row(
        "energy", [](const summary& s) { return s.joules; }, short_joules);
    row(
        "money", [](const summary& s) { return s.price_per_hour > 0 ? s.money : NAN; }, digits(4));
    row(
        "memory planned", [](const summary& s) { return s.planned_bytes; }, short_bytes);
    row(
        "memory resident", [](const summary& s) { return s.resident_bytes; }, short_bytes);
    row(
        "max violation", [](const summary& s) { return s.max_violation; }, digits(3));
    row(
        "dead experts", [](const summary& s) { return s.dead_experts; }, digits(0));
    row(
        "expert purity", [](const summary& s) { return s.expert_purity; }, digits(3));
    row(
        "bits on domain", [](const summary& s) { return s.domain_information; }, digits(3));
    return table;
}

std::string compared_json(std::span<const compared_run> runs) {
    const auto losses = detail::loss_curves(runs);
    io::json_writer json(2);
    json.object().key("runs").array();
    for (const compared_run& run : runs) {
        json.object().field("name", run.name).key("summary").raw(summary_json(run.data.summary));
        const auto points = [&](const char* key, const curve& of) {
            std::string text = "[";
            for (std::size_t i = 0; i < of.x.size(); ++i)
                text += (i ? ", [" : "[") + io::number_text(of.x[i]) + ", " +
                        (std::isfinite(of.y[i]) ? io::number_text(of.y[i]) : "null") + "]";
            json.key(key).raw(text + "]");
        };
        if (!run.data.losses.empty())
            points("losses", detail::over_tokens(run, run.data.losses[0]));
        const auto held_out = detail::held_out_curves({&run, 1});
        if (!held_out.empty()) points("validation_mean", held_out[0]);
        json.close();
    }
    return json.close().close().text() + "\n";
}

std::string compared_text(std::span<const compared_run> runs, const terminal_style& style) {
    std::string text = draw_table(compared_table(runs), style);
    text += "\nenergy";
    for (const compared_run& run : runs)
        text += "\n  " + printable(run.name) + ": " + printable(run.data.summary.joules_source);
    text += "\n";
    const auto losses = detail::loss_curves(runs), held_out = detail::held_out_curves(runs);
    if (!losses.empty()) text += "\n" + draw_curves(losses, detail::loss_words, style);
    if (std::any_of(held_out.begin(), held_out.end(), [](auto& c) { return c.x.size() > 1; }))
        text += "\n" + draw_curves(held_out, detail::held_out_words, style);
    return text;
}

std::string compared_html(std::span<const compared_run> runs) {
    std::string names;
    for (const compared_run& run : runs) names += (names.empty() ? "" : ", ") + run.name;
    std::string body = "<header>\n<p class=\"eyebrow\">Runs side by side</p>\n<h1>" +
                       html_text(names) + "</h1>\n</header>\n" + table_html(compared_table(runs));
    const auto losses = detail::loss_curves(runs), held_out = detail::held_out_curves(runs);
    if (!losses.empty()) body += lines_html(losses, detail::loss_words, {});
    if (std::any_of(held_out.begin(), held_out.end(), [](auto& c) { return c.x.size() > 1; }))
        body += lines_html(held_out, detail::held_out_words, {});
    std::vector<fact> sources;
    for (const compared_run& run : runs)
        sources.push_back(
            {run.name, short_joules(run.data.summary.joules), run.data.summary.joules_source});
    body += "<h2>Where the joules come from</h2>\n" + facts_html("", sources);
    for (const compared_run& run : runs)
        if (!run.data.routing.empty())
            body += "<h2>" + html_text(run.name) + ": where the tokens go</h2>\n" +
                    detail::maps_html(run.data.routing);
    return detail::html_page(names, body);
}

}  // namespace moe
