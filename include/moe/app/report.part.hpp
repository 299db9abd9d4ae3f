// SPDX-License-Identifier: MIT
// The definitions of report.hpp, compiled once: a function a section, in the page's order.
#pragma once

#include <moe/app/format.hpp>
#include <moe/app/page.part.hpp>
#include <moe/app/report.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace moe {

namespace detail {

inline std::string heading(const char* title, const std::string& words) {
    return std::string("<h2>") + title + "</h2>\n<p>" + html_text(words) + "</p>\n";
}

inline const domain_baseline* baseline_of(const report_data& r, const std::string& domain) {
    for (const domain_baseline& b : r.baselines)
        if (b.domain == domain) return &b;
    return nullptr;
}

inline std::string count_of(std::int64_t count, const char* one, const char* many) {
    return grouped(count) + ' ' + (count == 1 ? one : many);
}

inline std::string page_head(const report_data& r) {
    const run_summary& s = r.summary;
    std::string line = short_count(double(s.parameters)) + " parameters, " +
                       short_count(double(s.parameters_active)) + " active a token";
    if (!s.instruction_set.empty())
        line += "; " + count_of(s.threads, "thread", "threads") + ", " + s.instruction_set;

    std::vector<fact> tiles;
    const auto add = [&](const char* name, const std::string& value, const std::string& note) {
        tiles.push_back({name, value, note});
    };
    if (!s.validation.empty())
        add("Bits per byte", fixed(validation_mean(s), 3),
            s.validation.size() > 1
                ? "held-out text, mean of " + std::to_string(s.validation.size()) + " domains"
                : "held-out text");
    add("Tokens", short_count(double(s.tokens)),
        count_of(s.steps, "step", "steps") + " of " + grouped(s.batch));
    add("Time", short_time(s.seconds), "validation and saving included");
    add("Tokens a second", short_count(s.tokens_per_second),
        std::isfinite(s.peak_share) ? percent(s.peak_share) + " of this machine's peak" : "");
    const bool modelled = s.joules_source.rfind("model", 0) == 0;
    if (std::isfinite(s.joules))
        add(modelled ? "Energy, estimated" : "Energy", short_joules(s.joules), s.joules_source);
    return "<header>\n<p class=\"eyebrow\">Training report</p>\n<h1>" + html_text(s.recipe) +
           "</h1>\n<p>" + html_text(line) + "</p>\n</header>\n" + tiles_html(tiles);
}

inline text_table domain_table(const report_data& r) {
    text_table table{{"domain", "bits per byte"}, {}};
    const bool unigram = std::any_of(r.baselines.begin(), r.baselines.end(),
                                     [](auto& b) { return std::isfinite(b.unigram); });
    const bool gzip = std::any_of(r.baselines.begin(), r.baselines.end(),
                                  [](auto& b) { return std::isfinite(b.gzip); });
    if (gzip) table.header.insert(table.header.end(), {"gzip -9", "against gzip"});
    if (unigram) table.header.push_back("unigram");
    for (const domain_score& score : r.summary.validation) {
        const domain_baseline* b = baseline_of(r, score.domain);
        const domain_baseline none;
        if (!b) b = &none;
        std::vector<std::string> row{score.domain, fixed(score.bits_per_byte, 3)};
        if (gzip) {
            row.push_back(fixed(b->gzip, 3));
            const std::string change = percent(score.bits_per_byte / b->gzip - 1);
            row.push_back((score.bits_per_byte > b->gzip ? "+" : "") + change);
        }
        if (unigram) row.push_back(fixed(b->unigram, 3));
        table.rows.push_back(std::move(row));
    }
    return table;
}

inline std::string learning_section(const report_data& r) {
    std::string text;
    if (!r.losses.empty())
        text += lines_html(r.losses, {"Training loss", "steps", "nats per token", ""},
                           {.noisy = r.losses.size() == 1});
    const auto several = [](const curve& c) { return c.x.size() > 1; };
    if (std::any_of(r.validation.begin(), r.validation.end(), several))
        text += lines_html(r.validation, {"Held-out text", "steps", "bits per byte", ""});
    if (text.empty() && r.summary.validation.empty()) return "";
    std::string result = heading("What it learnt",
                                 "Lower is better: bits per byte is what one byte of text costs "
                                 "when the model has to guess it.");
    if (!r.summary.validation.empty()) {
        std::vector<bar> bars;
        for (const domain_score& score : r.summary.validation) {
            const domain_baseline* b = baseline_of(r, score.domain);
            bars.push_back({score.domain, fixed(score.bits_per_byte, 3), score.bits_per_byte, {}});
            if (b) bars.back().marks = {b->gzip, b->unigram};
        }
        const std::string marks[] = {"gzip -9", "unigram"};
        const bool compared = !r.baselines.empty();
        result += bars_html(
            bars, "this model",
            compared ? std::span<const std::string>(marks) : std::span<const std::string>());
        if (compared) result += table_html(domain_table(r));
    }
    return result + text;
}

inline std::string routing_section(const report_data& r) {
    std::string text;
    if (!r.routing.empty()) {
        const std::size_t experts = r.routing[0].columns.size();
        text +=
            heading("Where the tokens go",
                    "How each domain's choices of experts spread, over held-out text. Rows add "
                    "up to 100\u00A0%; even would be " +
                        fixed(experts ? 100.0 / double(experts) : 0, 1) + "\u00A0% everywhere.") +
            maps_html(r.routing);
    }
    if (!r.layers.rows.empty()) {
        text += table_html(r.layers);
        if (r.routing.size() > 0 && r.routing[0].rows.size() > 1)
            text +=
                "<p class=\"note\">Purity: the share of choices that come from their expert's main "
                "domain, from " +
                fixed(1.0 / double(r.routing[0].rows.size()), 2) +
                " (domains do not matter) to 1. Bits on domain: what the choice of an expert tells "
                "about the domain, at most " +
                fixed(std::log2(double(r.routing[0].rows.size())), 2) +
                ". Every domain counts alike. Router entropy: how undecided the router is about a "
                "token.</p>\n";
    }
    if (!r.pairs.empty())
        text += heading("Which experts work together",
                        "Of the tokens that went to the expert of the row, the share that also "
                        "went to the one of the column.") +
                maps_html(r.pairs);
    std::string curves;
    const auto add = [&](const std::vector<curve>& lines, const chart_words& words) {
        if (!lines.empty()) curves += lines_html(lines, words, {.small = true, .from_zero = true});
    };
    add(r.max_violation, {"Max violation", "steps", "",
                          "(busiest expert - mean) / mean, in the mean over layers; 0 is even."});
    add(r.router_entropy, {"Entropy of the load", "steps", "",
                           "As a share of the logarithm of the number of experts; 1 is even."});
    add(r.dead_experts, {"Experts without a token", "steps", "", "All layers together."});
    if (curves.empty()) return text;
    return text +
           heading("How evenly the experts work",
                   "An expert that nothing is sent to learns nothing; one that gets too much is a "
                   "bottleneck.") +
           "<div class=\"plots\">\n" + curves + "</div>\n";
}

inline std::string samples_section(const report_data& r) {
    if (r.samples.empty()) return "";
    std::string text = heading("What it writes",
                               "Bold is what it was given, the rest is its own; letters that it "
                               "broke are shown as \uFFFD.");
    for (const domain_sample& s : r.samples)
        text += "<section class=\"sample\">\n<h3>" + html_text(s.domain) + "</h3>\n<p><b>" +
                html_text(s.prompt) + "</b>" + html_text(s.text) + "</p>\n</section>\n";
    return text;
}

// What was reached and what was spent for it, side by side.
inline text_table record_of(const run_summary& s) {
    text_table table{
        {"loss, nats", "bits per byte", "tokens", "FLOP", "time", "energy"},
        {{fixed(s.train_loss, 3), fixed(validation_mean(s), 3), short_count(double(s.tokens)),
          short_flop(s.flop), short_time(s.seconds), short_joules(s.joules)}}};
    if (s.price_per_hour > 0) {
        table.header.push_back("money");
        table.rows[0].push_back(fixed(s.money, s.money < 0.1 ? 4 : 2));
    }
    return table;
}

inline std::string cost_section(const report_data& r) {
    const run_summary& s = r.summary;
    std::string text = heading("What it cost", "Planned before the run, measured during it.");
    const text_table record = record_of(s);
    std::vector<fact> tiles;
    for (std::size_t i = 0; i < record.header.size(); ++i)
        tiles.push_back({record.header[i], record.rows[0][i], ""});
    text += tiles_html(tiles);
    if (!r.memory.empty()) {
        std::vector<bar> bars;
        for (const role_bytes& role : r.memory)
            if (role.bytes > 0)
                bars.push_back({role.role, short_bytes(role.bytes), role.bytes, {}});
        text += "<h3>Memory by role</h3>\n" + bars_html(bars, "", {});
    }
    const fact memory[] = {
        {"planned", short_bytes(double(s.planned_bytes)), ""},
        {"used by the arenas", short_bytes(double(s.peak_bytes)), ""},
        {"whole process, at its largest", short_bytes(double(s.resident_bytes)), ""}};
    const fact speed[] = {{"tokens a second", short_count(s.tokens_per_second), "median step"},
                          {"arithmetic a second", short_flop(s.flop_per_second), ""},
                          {"share of the measured peak", percent(s.peak_share), ""},
                          {"arithmetic of the training", short_flop(s.flop), ""},
                          {"time", short_time(s.seconds), "validation and saving included"}};
    std::vector<fact> cost{{"energy", short_joules(s.joules), s.joules_source}};
    if (s.tokens > 0)
        cost.push_back(
            {"energy per million tokens", short_joules(s.joules / double(s.tokens) * 1e6), ""});
    if (s.price_per_hour > 0)
        cost.push_back({"money", fixed(s.money, s.money < 0.1 ? 4 : 2),
                        "at " + fixed(s.price_per_hour, 2) + " an hour"});
    return text + "<div class=\"columns\">\n" + facts_html("Memory", memory) +
           facts_html("Speed", speed) + facts_html("Energy and money", cost) + "</div>\n";
}

// Keys before the point are slots: "attention" = "mla" heads the list of "attention.heads" ...
inline std::string recipe_section(const report_data& r) {
    if (r.recipe.empty() && r.settings.empty()) return "";
    std::string text = heading("Recipe and settings", "What was trained, and how.");
    text += "<div class=\"columns\">\n";
    std::vector<fact> fields, alone;  // of a slot; slots whose policy has no numbers
    fact slot;
    const auto flush = [&] {
        if (!fields.empty())
            text += facts_html(slot.name + (slot.value.empty() ? "" : ": ") + slot.value, fields);
        else if (!slot.name.empty())
            alone.push_back(slot);
        fields.clear();
    };
    for (const io::key_value& entry : r.recipe) {
        const std::size_t point = entry.key.find('.');
        const std::string name = entry.key.substr(0, point);
        if (point == std::string::npos || name != slot.name) {
            flush();
            slot = {name, point == std::string::npos ? entry.value : "", ""};
        }
        if (point != std::string::npos)
            fields.push_back({entry.key.substr(point + 1), entry.value, ""});
    }
    flush();
    if (!alone.empty()) text += facts_html("other slots", alone);
    if (!r.settings.empty()) text += facts_html("settings", r.settings);
    return text + "</div>\n";
}

}  // namespace detail

void add_history(report_data& r, const run_history& history) {
    curve loss{"training", {}, history.losses};
    for (std::size_t i = 0; i < history.losses.size(); ++i) loss.x.push_back(double(i + 1));
    if (!loss.x.empty()) r.losses.push_back(std::move(loss));

    curve violation{"training batches", {}, {}}, entropy = violation, dead = violation;
    for (const step_report& line : history.log) {
        for (curve* c : {&violation, &entropy, &dead}) c->x.push_back(double(line.step));
        violation.y.push_back(line.load.max_violation);
        entropy.y.push_back(line.load.entropy);
        dead.y.push_back(line.load.dead);
    }
    curve held_violation{"held-out text", {}, {}}, held_entropy = held_violation,
                                                   held_dead = held_violation;
    for (const validation_report& v : history.validations) {
        for (curve* c : {&held_violation, &held_entropy, &held_dead})
            c->x.push_back(double(v.step));
        held_violation.y.push_back(v.load.max_violation);
        held_entropy.y.push_back(v.load.entropy);
        held_dead.y.push_back(v.load.dead);
        for (std::size_t d = 0; d < v.domains.size(); ++d) {
            if (d == r.validation.size()) r.validation.push_back({v.domains[d].domain, {}, {}});
            r.validation[d].x.push_back(double(v.step));
            r.validation[d].y.push_back(v.domains[d].bits_per_byte);
        }
    }
    detail::keep_curves(r.max_violation, violation, held_violation);
    detail::keep_curves(r.router_entropy, entropy, held_entropy);
    detail::keep_curves(r.dead_experts, dead, held_dead);

    if (!history.validations.empty()) add_routing(r, history.validations.back().routing);
}

void add_routing(report_data& r, const routing_report& routing) {
    r.routing = domain_maps(routing);
    r.pairs = pair_maps(routing);
    r.layers = routing_table(routing);
}

void add_settings(report_data& r, const settings& s) {
    const char* const curves[] = {"constant", "cosine", "warm-up, stable, decay"};
    const auto add = [&](const char* name, const std::string& value) {
        r.settings.push_back({name, value, ""});
    };
    char rate[32];
    std::snprintf(rate, sizeof rate, "%.4g", s.rate);
    add("data", s.data);
    if (!s.init.empty()) add("started from", s.init);
    add("tokenizer", s.tokenizer.empty() ? "bytes" : s.tokenizer);
    add("steps", grouped(s.steps));
    add("tokens a step", grouped(s.batch));
    add("learning rate", rate);
    add("schedule", curves[int(s.curve)]);
    add("seed", std::to_string(s.seed));
    add("grains", std::to_string(s.grains));
}

std::string report_html(const report_data& r) {
    const run_summary& s = r.summary;
    return detail::html_page(s.recipe + " - training report",
                             detail::page_head(r) + detail::learning_section(r) +
                                 detail::routing_section(r) + detail::samples_section(r) +
                                 detail::cost_section(r) + detail::recipe_section(r),
                             "; weights " + s.weights_hash);
}

std::string terminal_report(const report_data& r, const terminal_style& style) {
    std::string text;
    const auto add = [&](const std::string& part) {
        if (!part.empty()) text += "\n" + part;
    };
    if (!r.losses.empty()) {
        curve loss = r.losses[0];
        loss = smoothed(thinned(loss, 1200), int(std::min<std::size_t>(loss.x.size(), 1200) / 50));
        add(draw_curves({&loss, 1}, {"Training loss", "steps", "nats per token", ""}, style));
    }
    if (!r.summary.validation.empty()) add(draw_table(detail::domain_table(r), style));
    // A deep model's maps would be pages: the first and the last layer then, all in the report.
    for (std::size_t i = 0; i < r.routing.size(); ++i)
        if (r.routing.size() <= 6 || i == 0 || i + 1 == r.routing.size())
            add(draw_heat(r.routing[i], style));
    if (!r.layers.rows.empty()) add(draw_table(r.layers, style));
    if (r.summary.steps > 0)
        add(draw_table(detail::record_of(r.summary), style) +
            "energy: " + printable(r.summary.joules_source) + "\n");
    for (const domain_sample& s : r.samples)
        add(printable(s.domain) + ":\n" + printable(s.prompt + s.text, true) + "\n");
    return text;
}

}  // namespace moe
