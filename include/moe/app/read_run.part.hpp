// SPDX-License-Identifier: MIT
// The definitions of read_run.hpp, compiled once.
#pragma once

#include <moe/app/page.part.hpp>
#include <moe/app/read_run.hpp>
#include <moe/core/error.hpp>
#include <moe/io/file.hpp>
#include <moe/io/strict_json.part.hpp>

#include <limits>
#include <utility>

namespace moe {

namespace detail {

inline double number_or_nan(const nlohmann::json& in, const char* key) {
    const auto found = in.find(key);
    return found != in.end() && found->is_number() ? found->get<double>()
                                                   : std::numeric_limits<double>::quiet_NaN();
}

inline void add_point(curve& to, double x, const nlohmann::json& line, const char* key) {
    to.x.push_back(x);
    to.y.push_back(number_or_nan(line, key));
}

// The curves of a metrics.jsonl.
inline void read_metrics(report_data& r, const std::string& path) {
    const std::string text = io::read_file(path);
    curve loss{"training", {}, {}};
    curve violation{"training batches", {}, {}}, entropy = violation, dead = violation;
    curve held_violation{"held-out text", {}, {}}, held_entropy = held_violation,
                                                   held_dead = held_violation;
    std::size_t number = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        if (end == std::string::npos) break;  // torn
        const std::string where = path + ", line " + std::to_string(++number);
        const nlohmann::json line = io::strict_json(text.substr(at, end - at), where);
        at = end + 1;
        if (!line.is_object() || !line.contains("step") || !line["step"].is_number())
            throw error(where + ": expected an object with a \"step\"");
        const double step = line["step"].get<double>();
        if (const auto domains = line.find("validation"); domains != line.end()) {
            if (!domains->is_object()) throw error(where + ": expected \"validation\" by domain");
            for (const auto& [domain, bits] : domains->items()) {
                std::size_t d = 0;
                while (d < r.validation.size() && r.validation[d].name != domain) ++d;
                if (d == r.validation.size()) r.validation.push_back({domain, {}, {}});
                add_point(r.validation[d], step, *domains, domain.c_str());
            }
            add_point(held_violation, step, line, "validation_max_violation");
            add_point(held_entropy, step, line, "validation_load_entropy");
            add_point(held_dead, step, line, "validation_dead_experts");
        } else {
            add_point(loss, step, line, "loss");
            add_point(violation, step, line, "max_violation");
            add_point(entropy, step, line, "load_entropy");
            add_point(dead, step, line, "dead_experts");
        }
    }
    if (!loss.x.empty()) r.losses.push_back(std::move(loss));
    keep_curves(r.max_violation, violation, held_violation);
    keep_curves(r.router_entropy, entropy, held_entropy);
    keep_curves(r.dead_experts, dead, held_dead);
}

inline std::string text_in(const nlohmann::json& in, const char* key, const std::string& file) {
    const auto found = in.find(key);
    if (found == in.end() || !found->is_string())
        throw error(file + ": expected a text \"" + key + "\"");
    return found->get<std::string>();
}

inline void read_rest(report_data& r, const std::string& file) {
    const nlohmann::json json = io::strict_json(io::read_file(file, 1 << 26), file);
    const auto each = [&](const char* key, auto&& take) {
        const auto found = json.find(key);
        if (found == json.end() || !found->is_array())
            throw error(file + ": expected an array \"" + key + "\"");
        for (const nlohmann::json& one : *found) {
            if (!one.is_object()) throw error(file + ": expected objects in \"" + key + "\"");
            take(one);
        }
    };
    if (!json.is_object()) throw error(file + ": a JSON object was expected");
    each("recipe", [&](const nlohmann::json& one) {
        r.recipe.push_back({text_in(one, "key", file), text_in(one, "value", file)});
    });
    each("settings", [&](const nlohmann::json& one) {
        r.settings.push_back(
            {text_in(one, "key", file), text_in(one, "value", file), text_in(one, "note", file)});
    });
    each("memory", [&](const nlohmann::json& one) {
        r.memory.push_back({text_in(one, "role", file), number_or_nan(one, "bytes")});
    });
    each("baselines", [&](const nlohmann::json& one) {
        r.baselines.push_back({text_in(one, "domain", file), number_or_nan(one, "unigram"),
                               number_or_nan(one, "gzip")});
    });
    each("samples", [&](const nlohmann::json& one) {
        r.samples.push_back({text_in(one, "domain", file), text_in(one, "prompt", file),
                             text_in(one, "text", file)});
    });
}

}  // namespace detail

report_data read_run(const std::string& folder) {
    report_data r;
    const std::string summary = io::join(folder, "summary.json");
    if (!io::status_of(summary).exists)
        throw error(folder + ": expected a run that ended or was stopped; it has no summary.json");
    r.summary = read_summary(summary);
    detail::read_metrics(r, io::join(folder, "metrics.jsonl"));
    add_routing(r, r.summary.routing);
    const std::string rest = io::join(folder, "report.json");
    if (io::status_of(rest).exists) detail::read_rest(r, rest);
    return r;
}

std::string report_json(const report_data& r) {
    io::json_writer json(2);
    json.object().key("recipe").array();
    for (const io::key_value& one : r.recipe)
        json.object().field("key", one.key).field("value", one.value).close();
    json.close().key("settings").array();
    for (const fact& one : r.settings)
        json.object()
            .field("key", one.name)
            .field("value", one.value)
            .field("note", one.note)
            .close();
    json.close().key("memory").array();
    for (const role_bytes& one : r.memory)
        json.object().field("role", one.role).field("bytes", one.bytes).close();
    json.close().key("baselines").array();
    for (const domain_baseline& one : r.baselines)
        json.object()
            .field("domain", one.domain)
            .field("unigram", one.unigram)
            .field("gzip", one.gzip)
            .close();
    json.close().key("samples").array();
    for (const domain_sample& one : r.samples)
        json.object()
            .field("domain", one.domain)
            .field("prompt", one.prompt)
            .field("text", one.text)
            .close();
    return json.close().close().text() + "\n";
}

void write_report(const std::string& folder, const report_data& r) {
    io::write_file(io::join(folder, "report.json"), report_json(r));
    io::write_file(io::join(folder, "report.html"), report_html(r));
}

}  // namespace moe
