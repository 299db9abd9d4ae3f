// SPDX-License-Identifier: MIT
// The definitions of summary.hpp, compiled once.
#pragma once

#include <moe/core/error.hpp>
#include <moe/io/file.hpp>
#include <moe/io/json.hpp>
#include <moe/io/strict_json.part.hpp>
#include <moe/train/summary.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <sys/resource.h>

namespace moe {

namespace detail {

// The file's keys in their order, once for writing and reading.
template <class Summary, class Visit> void each_summary_key(Summary& s, Visit&& visit) {
    visit("recipe", s.recipe);
    visit("parameters", s.parameters);
    visit("parameters_active", s.parameters_active);
    visit("steps", s.steps);
    visit("tokens", s.tokens);
    visit("batch", s.batch);
    visit("seed", s.seed);
    visit("ranks", s.ranks);
    visit("threads", s.threads);
    visit("grains", s.grains);
    visit("instruction_set", s.instruction_set);
    visit("train_loss", s.train_loss);
    visit("validation", s.validation);
    visit("max_violation", s.max_violation);
    visit("load_entropy", s.load_entropy);
    visit("router_entropy", s.router_entropy);
    visit("dead_experts", s.dead_experts);
    visit("expert_purity", s.expert_purity);
    visit("domain_information", s.domain_information);
    visit("seconds", s.seconds);
    visit("tokens_per_second", s.tokens_per_second);
    visit("flop", s.flop);
    visit("flop_per_second", s.flop_per_second);
    visit("peak_share", s.peak_share);
    visit("planned_bytes", s.planned_bytes);
    visit("peak_bytes", s.peak_bytes);
    visit("resident_bytes", s.resident_bytes);
    visit("joules", s.joules);
    visit("joules_source", s.joules_source);
    visit("price_per_hour", s.price_per_hour);
    visit("money", s.money);
    visit("weights_hash", s.weights_hash);
    visit("state_hash", s.state_hash);
    visit("routing", s.routing);
}

struct summary_writer {
    io::json_writer& json;

    template <class Value> void operator()(const char* key, const Value& value) {
        json.field(key, value);
    }
    void operator()(const char* key, const std::vector<domain_score>& scores) {
        json.key(key).object();
        for (const domain_score& s : scores) json.field(s.domain, s.bits_per_byte);
        json.close();
    }
    void operator()(const char* key, const routing_report& routing) {
        json.key(key);
        if (routing.layers.empty())
            json.null();
        else
            write_routing(json, routing);
    }
};

struct summary_reader {
    const nlohmann::json& json;
    const std::string& file;

    [[noreturn]] void wrong(const std::string& key, const char* expected) const {
        throw error(file + ": the value of \"" + key + "\" is not " + expected);
    }
    const nlohmann::json& at(const char* key) const {
        const auto found = json.find(key);
        if (found == json.end()) throw error(file + ": the key \"" + key + "\" is missing");
        return *found;
    }
    double number(const std::string& key, const nlohmann::json& value) const {
        if (value.is_null()) return run_summary::unknown;
        if (!value.is_number()) wrong(key, "a number or null");
        return value.get<double>();
    }

    void operator()(const char* key, std::string& into) {
        const nlohmann::json& value = at(key);
        if (!value.is_string()) wrong(key, "a string");
        into = value.get<std::string>();
    }
    void operator()(const char* key, double& into) { into = number(key, at(key)); }
    void operator()(const char* key, std::uint64_t& into) {
        const nlohmann::json& value = at(key);
        if (!value.is_number_unsigned()) wrong(key, "a whole number of at least 0");
        into = value.get<std::uint64_t>();
    }
    void operator()(const char* key, std::int64_t& into) {
        std::uint64_t value = 0;
        (*this)(key, value);
        if (value > std::uint64_t(std::numeric_limits<std::int64_t>::max()))
            wrong(key, "a whole number below 2^63");
        into = std::int64_t(value);
    }
    void operator()(const char* key, std::vector<domain_score>& into) {
        const nlohmann::json& value = at(key);
        if (!value.is_object()) wrong(key, "an object of numbers by domain");
        into.clear();
        for (const auto& [domain, score] : value.items())
            into.push_back({domain, number(std::string(key) + "." + domain, score)});
    }
    void operator()(const char* key, routing_report& into) {
        const nlohmann::json& value = at(key);
        into = value.is_null() ? routing_report()
                               : read_routing(value.dump(), file + ", \"" + key + "\"");
    }
};

}  // namespace detail

void add_validation(run_summary& s, const validation_report& last) {
    for (const domain_report& one : last.domains)
        s.validation.push_back({one.domain, one.bits_per_byte});
    if (last.routing.layers.empty()) return;
    s.max_violation = last.routing.max_violation();
    s.load_entropy = last.routing.load_entropy();
    s.router_entropy = last.routing.router_entropy();
    s.dead_experts = last.routing.dead();
    s.expert_purity = last.routing.purity();
    s.domain_information = last.routing.information();
    s.routing = last.routing;
}

double validation_mean(const run_summary& s) {
    if (s.validation.empty()) return run_summary::unknown;
    double sum = 0;
    for (const domain_score& score : s.validation) sum += score.bits_per_byte;
    return sum / double(s.validation.size());
}

std::string summary_json(const run_summary& s) {
    io::json_writer json(2);
    json.object();
    detail::summary_writer write{json};
    detail::each_summary_key(s, [&](const char* key, const auto& value) {
        write(key, value);
        if (std::strcmp(key, "validation") == 0) write("validation_mean", validation_mean(s));
    });
    return json.close().text();
}

void write_summary(const std::string& path, const run_summary& s) {
    io::write_file(path, summary_json(s) + '\n');
}

run_summary read_summary(const std::string& path) {
    const nlohmann::json json = io::strict_json(io::read_file(path, 1 << 24), path);
    if (!json.is_object()) throw error(path + ": a JSON object was expected");
    run_summary s;
    detail::each_summary_key(s, detail::summary_reader{json, path});
    return s;
}

double mean_of_last_tenth(std::span<const double> losses) {
    if (losses.empty()) return run_summary::unknown;
    const std::size_t count = (losses.size() + 9) / 10;
    double sum = 0;
    for (const double loss : losses.last(count)) sum += loss;
    return sum / double(count);
}

double median_after_first_five(std::span<const double> seconds) {
    // A run that is over after five steps is better measured by those than not at all.
    if (seconds.size() > 5) seconds = seconds.subspan(5);
    if (seconds.empty()) return run_summary::unknown;
    std::vector<double> sorted(seconds.begin(), seconds.end());
    std::sort(sorted.begin(), sorted.end());
    const std::size_t half = sorted.size() / 2;
    return sorted.size() % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

// Not ru_maxrss where it can be helped: that is the parent's, when the parent was larger.
std::int64_t resident_peak_bytes() {
    if (std::FILE* status = std::fopen("/proc/self/status", "r")) {
        char line[256];
        long long kilobytes = -1;
        while (kilobytes < 0 && std::fgets(line, sizeof line, status))
            if (std::sscanf(line, "VmHWM: %lld kB", &kilobytes) != 1) kilobytes = -1;
        std::fclose(status);
        if (kilobytes >= 0) return kilobytes * 1024;
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return std::int64_t{usage.ru_maxrss} * 1024;
}

}  // namespace moe
