// SPDX-License-Identifier: MIT
// The definitions of growth_words.hpp, compiled once.
#pragma once

#include <moe/app/growth_words.hpp>
#include <moe/io/json.hpp>

#include <vector>

namespace moe {

namespace detail {

inline io::good_model model_to_change(const std::string& path) {
    io::good_model found = io::find_model(path);
    for (const std::string& warning : found.warnings) std::fprintf(stderr, "%s\n", warning.c_str());
    return found;
}
inline std::string signed_percent(double share) {
    return (share >= 0 ? "+" : "") + fixed(100 * share, 2) + " %";
}

}  // namespace detail

int tell_written(const command& c, const io::saved_checkpoint& saved) {
    const std::string hash = io::text_of(saved.weights);
    if (c.settings.json) {
        io::json_writer json(2);
        json.object().field("to", c.to).field("weights_hash", hash).close();
        std::fputs((json.text() + "\n").c_str(), stdout);
    } else {
        std::fputs((c.to + "  weights " + hash + "\n").c_str(), stdout);
    }
    return 0;
}

std::string growth_table(const growth_summary& s, const terminal_style& style) {
    text_table table;
    table.header = {"domain", "bits/byte", "grown", "change", "new experts serve"};
    const auto add = [&](const domain_change& one, const std::string& mark) {
        table.rows.push_back({one.domain + mark, fixed(one.before, 4), fixed(one.after, 4),
                              detail::signed_percent(one.change()), percent(one.mean_use())});
    };
    add(s.fresh, " (new)");
    for (const domain_change& one : s.old) add(one, "");
    return draw_table(table, style) + "trained " + grouped(s.trained) + " of " +
           grouped(s.parameters) + " parameters, " + short_time(s.seconds) + ", " +
           short_joules(s.joules) + " (" + s.joules_source + ")\n";
}

int merge_word(const command& c, const io::key_values& recipe) {
    if (c.models.size() < 2)
        throw usage_error("--model: expected at least two models, found " +
                          std::to_string(c.models.size()));
    std::vector<io::good_model> models;
    for (const std::string& path : c.models) models.push_back(detail::model_to_change(path));
    return tell_written(c, io::merge_models(models, recipe, c.to));
}

int remove_word(const command& c, const io::key_values& recipe) {
    const io::good_model from = detail::model_to_change(c.model);
    io::require_recipe(from, recipe);
    return tell_written(c, io::remove_domain(from, c.domain, c.to));
}

}  // namespace moe
