// SPDX-License-Identifier: MIT
// The definitions of energy.hpp, compiled once. Under /sys/class/powercap the folder intel-rapl:0
// is a package (AMD's drivers use the same names), intel-rapl:0:1 a part of it. Read are packages,
// and of the parts only dram, which no package includes; psys would count the packages twice, and
// intel-rapl-mmio:0 is a second view of a package. Linux, Documentation/power/powercap.
#pragma once

#include <moe/train/energy.hpp>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace moe {

namespace detail {

// The first line of a file of the kernel's; no stream, because that would allocate.
inline bool powercap_line(const std::string& file, char* line, int capacity) {
    const int from = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (from < 0) return false;
    const ssize_t length = ::read(from, line, std::size_t(capacity) - 1);
    ::close(from);
    if (length <= 0) return false;
    line[length] = '\0';
    return true;
}

inline bool powercap_counter(const std::string& file, std::uint64_t& value) {
    char line[64];
    unsigned long long number = 0;
    if (!powercap_line(file, line, sizeof line) || std::sscanf(line, "%llu", &number) != 1)
        return false;
    value = number;
    return true;
}

// "intel-rapl:0" or "intel-rapl:0:1"; neither "intel-rapl" itself nor "intel-rapl-mmio:0".
inline bool is_rapl_zone(const std::string& folder) {
    static constexpr std::string_view prefix = "intel-rapl:";
    if (folder.rfind(prefix, 0) != 0 || folder.size() == prefix.size()) return false;
    return std::all_of(folder.begin() + prefix.size(), folder.end(),
                       [](unsigned char letter) { return std::isdigit(letter) || letter == ':'; });
}

}  // namespace detail

energy_meter::energy_meter(energy_settings settings) : settings_(std::move(settings)) {
    namespace fs = std::filesystem;
    std::error_code none;
    for (fs::directory_iterator zone(settings_.powercap, none), end; !none && zone != end;
         zone.increment(none)) {
        if (!detail::is_rapl_zone(zone->path().filename().string())) continue;
        char name[64];
        counter found;
        if (!detail::powercap_line(zone->path() / "name", name, sizeof name)) continue;
        found.name.assign(name, std::string_view(name).find_last_not_of("\n ") + 1);
        if (found.name.rfind("package", 0) != 0 && found.name != "dram") continue;
        found.file = zone->path() / "energy_uj";
        if (!detail::powercap_counter(found.file, found.last)) continue;
        detail::powercap_counter(zone->path() / "max_energy_range_uj", found.range);
        counters_.push_back(std::move(found));
    }
    // Memory alone is not the machine: without a package the model is nearer to the truth.
    const auto is_package = [](const counter& c) { return c.name != "dram"; };
    if (std::none_of(counters_.begin(), counters_.end(), is_package)) counters_.clear();
    std::sort(counters_.begin(), counters_.end(), [&](const counter& a, const counter& b) {
        if (is_package(a) != is_package(b)) return is_package(a);
        return a.name != b.name ? a.name < b.name : a.file < b.file;
    });
}

void energy_meter::sample() {
    for (counter& c : counters_) {
        std::uint64_t now = 0;
        if (!detail::powercap_counter(c.file, now)) {
            broken_ = true;
            return;
        }
        // Below the last reading: the counter started again. Modulo 2^64 the sum is right.
        const std::uint64_t used = now >= c.last ? now - c.last : now + c.range - c.last;
        microjoules_ += double(used);
        c.last = now;
    }
}

energy energy_meter::read(double seconds) {
    sample();
    energy result;
    char text[160];
    if (measured() && !broken_) {
        result.joules = microjoules_ * 1e-6;
        result.source = "rapl: ";
        for (const counter& c : counters_)
            result.source += (&c == counters_.data() ? "" : ", ") + c.name;
        result.source += " (whole machine)";
    } else if (settings_.watts > 0) {
        result.joules = settings_.watts * seconds;
        std::snprintf(text, sizeof text, "model: %.6g W x %.1f s", settings_.watts, seconds);
        result.source = text;
    } else {
        result.joules = settings_.cores * watts_per_core * seconds;
        std::snprintf(text, sizeof text, "model: %d %s x %.6g W x %.1f s", settings_.cores,
                      settings_.cores == 1 ? "core" : "cores", watts_per_core, seconds);
        result.source = text;
    }
    if (settings_.earlier_joules > 0) {
        result.joules += settings_.earlier_joules;
        std::snprintf(text, sizeof text, " + %.6g J before resuming", settings_.earlier_joules);
        result.source += text;
    }
    return result;
}

}  // namespace moe
