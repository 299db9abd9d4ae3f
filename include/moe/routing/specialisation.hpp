// SPDX-License-Identifier: MIT
// How far experts have become specialists of domains, from counts alone. With n(d, e) choices of
// expert e by tokens of domain d, every domain counts alike, whatever its length:
//   q(e | d) = n(d, e) / sum_e n(d, e)      q(d, e) = q(e | d) / domains      q(e) = sum_d q(d, e)
//   purity        sum_e max_d q(d, e): the share of choices that come from their expert's main
//                 domain; 1 / domains when domains do not matter, 1 when no expert serves two
//   information   sum q(d, e) log2(q(d, e) / (q(d) q(e))): bits that the choice of an expert tells
//                 about the domain; at most log2(domains)
#pragma once

#include <moe/tensor/view.hpp>

#include <cmath>
#include <cstdint>
#include <limits>

namespace moe {

// NaN where there are fewer than two domains with a choice.
struct specialisation {
    double purity = std::numeric_limits<double>::quiet_NaN();
    double information = std::numeric_limits<double>::quiet_NaN();
    double information_share = std::numeric_limits<double>::quiet_NaN();  // of log2(domains)
};

namespace detail {

inline std::int64_t sum_of(const std::int64_t* counts, int count) {
    std::int64_t sum = 0;
    for (int i = 0; i < count; ++i) sum += counts[i];
    return sum;
}

}  // namespace detail

// counts: (domains, experts). A domain without a choice does not count.
inline specialisation specialisation_of(rows<const std::int64_t> counts) {
    int domains = 0;
    for (int d = 0; d < counts.count; ++d) domains += detail::sum_of(counts[d], counts.width) > 0;
    specialisation is;
    if (domains < 2) return is;
    is.purity = is.information = 0;
    for (int e = 0; e < counts.width; ++e) {
        double all = 0, most = 0;
        const auto share = [&](int d) {
            const std::int64_t choices = detail::sum_of(counts[d], counts.width);
            return choices > 0 ? double(counts(d, e)) / double(choices) / domains : 0;
        };
        for (int d = 0; d < counts.count; ++d) {
            const double q = share(d);
            all += q;
            most = q > most ? q : most;
        }
        is.purity += most;
        for (int d = 0; d < counts.count; ++d)
            if (const double q = share(d); q > 0)
                is.information += q * std::log2(q * domains / all);
    }
    is.information = is.information > 0 ? is.information : 0;  // rounding
    is.information_share = is.information / std::log2(double(domains));
    return is;
}

}  // namespace moe
