// SPDX-License-Identifier: MIT
// The definitions of run_report.hpp, compiled once.
#pragma once

#include <moe/app/gzip.hpp>
#include <moe/app/report.hpp>
#include <moe/io/corpus.hpp>
#include <moe/train/baseline.hpp>

namespace moe {

std::vector<domain_baseline> baselines_of(const io::corpus& text) {
    std::vector<domain_baseline> baselines;
    for (int domain = 0; domain < text.domains(); ++domain) {
        byte_counts trained, held_out;
        for (const io::document& one : text.documents())
            if (one.domain == domain) trained.add(text.text(one.first, one.trained));
        const std::string rest = text.held_out_text(domain);
        held_out.add(rest);
        baselines.push_back({text.domain(domain), unigram_bits_per_byte(trained, held_out),
                             gzip_bits_per_byte(rest)});
    }
    return baselines;
}

}  // namespace moe
