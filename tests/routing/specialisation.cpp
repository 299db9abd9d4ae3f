// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/routing/specialisation.hpp>

#include <cmath>
#include <random>
#include <vector>

namespace {

using namespace moe;

specialisation of_counts(std::vector<std::int64_t> counts, int domains) {
    return specialisation_of({counts.data(), domains, int(counts.size()) / domains});
}

TEST_CASE("experts that serve one domain each tell everything about it") {
    const specialisation all = of_counts({7, 0, 0, 0, 9, 0, 0, 0, 5}, 3);
    CHECK(all.purity == doctest::Approx(1));
    CHECK(all.information == doctest::Approx(std::log2(3.0)));
    CHECK(all.information_share == doctest::Approx(1));
    // Two experts for a domain tell no more.
    const specialisation two = of_counts({3, 4, 0, 0, 0, 0, 8, 1}, 2);
    CHECK(two.purity == doctest::Approx(1));
    CHECK(two.information == doctest::Approx(1));
}

TEST_CASE("domains that choose alike leave nothing to be told, whatever their lengths") {
    const specialisation none = of_counts({1, 2, 3, 100, 200, 300}, 2);
    CHECK(none.purity == doctest::Approx(0.5));
    CHECK(none.information == doctest::Approx(0));
    CHECK(none.information >= 0);
    // A long domain does not make its experts purer.
    const specialisation a = of_counts({6, 2, 1, 3}, 2), b = of_counts({600, 200, 1, 3}, 2);
    CHECK(a.purity == doctest::Approx(b.purity));
    CHECK(a.information == doctest::Approx(b.information));
}

TEST_CASE("a table worked out by hand") {
    // Halves: domain 0 goes to expert 0 alone, domain 1 to both alike.
    const specialisation is = of_counts({8, 0, 2, 2}, 2);
    CHECK(is.purity == doctest::Approx(0.5 + 0.25));
    // H(e) - H(e | d) with q(e) = 3/4, 1/4
    const double entropy = -(0.75 * std::log2(0.75) + 0.25 * std::log2(0.25));
    CHECK(is.information == doctest::Approx(entropy - 0.5));
    CHECK(is.information_share == doctest::Approx(entropy - 0.5));
}

TEST_CASE("whatever the counts, the figures keep their bounds and the order of domains is none") {
    std::mt19937 random(3);
    for (int round = 0; round < 200; ++round) {
        const int domains = 2 + int(random() % 4), experts = 1 + int(random() % 9);
        std::vector<std::int64_t> counts(std::size_t(domains * experts));
        for (auto& count : counts) count = random() % 3 ? std::int64_t(random() % 50) : 0;
        for (int d = 0; d < domains; ++d) ++counts[std::size_t(d * experts)];
        const specialisation is = of_counts(counts, domains);
        CHECK(is.purity >= 1.0 / domains - 1e-12);
        CHECK(is.purity <= 1 + 1e-12);
        CHECK(is.information >= 0);
        CHECK(is.information <= std::log2(std::min(domains, experts)) + 1e-12);
        std::vector<std::int64_t> turned(counts.end() - experts, counts.end());
        turned.insert(turned.end(), counts.begin(), counts.end() - experts);
        CHECK(of_counts(turned, domains).information == doctest::Approx(is.information));
    }
}

TEST_CASE("one domain, or none that chose, is not known; an empty one does not count") {
    CHECK(std::isnan(of_counts({4, 5}, 1).purity));
    CHECK(std::isnan(of_counts({0, 0, 4, 5}, 2).information));
    CHECK(std::isnan(of_counts({0, 0, 0, 0}, 2).information_share));
    CHECK(of_counts({3, 0, 0, 0, 0, 4}, 3).information_share == doctest::Approx(1));
}

}  // namespace
