// SPDX-License-Identifier: MIT
// What a run cost in energy and money. Joules come from the processor's own counters (RAPL, through
// the kernel's powercap folder) where they can be read, else from a model, watts x time, whose
// numbers stand in the source: nobody shall take it for a measurement.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace moe {

struct energy_settings {
    double watts = 0;           // of the whole machine, for the model; 0: 10 W a core
    int cores = 1;              // that the run keeps busy
    double earlier_joules = 0;  // of a run that this one resumes
    std::string powercap = "/sys/class/powercap";
};

struct energy {
    double joules = 0;
    // "rapl: package-0, dram (whole machine)" or "model: 2 cores x 10 W x 123.4 s"
    std::string source;
};

class energy_meter {
public:
    static constexpr double watts_per_core = 10;

    explicit energy_meter(energy_settings = {});  // counts from here on

    bool measured() const { return !counters_.empty(); }

    // The counters wrap (a busy server's after about 15 minutes): call this once a log line.
    // Allocates nothing.
    void sample();

    // Samples, and says what was used so far. seconds: since construction, read by the caller's
    // clock; only the model needs them.
    energy read(double seconds);

private:
    struct counter {
        std::string name, file;
        std::uint64_t range = 0;  // microjoules at which it starts again from 0
        std::uint64_t last = 0;
    };

    energy_settings settings_;
    std::vector<counter> counters_;
    double microjoules_ = 0;
    bool broken_ = false;  // a counter that could be read no longer can: the model answers
};

// Money for a run at a price per hour, in the currency of the price.
constexpr double money(double seconds, double price_per_hour) {
    return seconds / 3600 * price_per_hour;
}

}  // namespace moe
