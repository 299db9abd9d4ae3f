// SPDX-License-Identifier: MIT
// What NAME score has to tell.
#pragma once

#include <moe/app/terminal.hpp>
#include <moe/train/routing_report.hpp>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace moe {

struct scored_domain {
    std::string domain;
    std::int64_t tokens = 0, bytes = 0;  // predicted
    double nats = 0;

    double nats_per_token() const { return nats / double(tokens); }
    double bits_per_byte() const { return nats / std::log(2.0) / double(bytes); }
};

struct scored_text {
    bool folder = false, with_routing = false;
    std::vector<scored_domain> domains;  // of a file: one, named after it
    routing_report routing;

    scored_domain total() const {
        scored_domain sum;
        for (const scored_domain& one : domains)
            sum.tokens += one.tokens, sum.bytes += one.bytes, sum.nats += one.nats;
        return sum;
    }
};

// tokens, nats_per_token, bits_per_byte; of a folder also domains: {name: the same of each}; with
// routing also that, as train/routing_report.hpp says.
std::string score_json(const scored_text&);
std::string score_words(const scored_text&, const terminal_style&);

}  // namespace moe
