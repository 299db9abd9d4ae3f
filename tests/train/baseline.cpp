// SPDX-License-Identifier: MIT
#include <moe/train/baseline.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <string>

using namespace moe;

TEST_CASE("byte counts: every byte value has its own cell") {
    byte_counts counts;
    std::string text;
    for (int b = 0; b < 256; ++b) text.append(std::size_t(b % 3 + 1), char(b));
    counts.add(text);
    for (int b = 0; b < 256; ++b) CHECK(counts.of[b] == b % 3 + 1);
    CHECK(counts.total() == std::int64_t(text.size()));
    counts.add("");
    CHECK(counts.total() == std::int64_t(text.size()));
}

TEST_CASE("unigram: equally frequent bytes cost 8 bits under any even model") {
    byte_counts even;
    for (auto& count : even.of) count = 7;
    CHECK(unigram_bits_per_byte(even, even) == doctest::Approx(8));
    CHECK(unigram_bits_per_byte({}, even) == doctest::Approx(8));
}

TEST_CASE("unigram: the formula, on a text that the model has partly never seen") {
    byte_counts model, text;
    model.add("aaab");
    text.add("abz");
    // (3+1)/260, (1+1)/260, (0+1)/260
    const double expected = -(std::log2(4 / 260.) + std::log2(2 / 260.) + std::log2(1 / 260.)) / 3;
    CHECK(unigram_bits_per_byte(model, text) == doctest::Approx(expected));
}

TEST_CASE("unigram: a large sample reaches the entropy of its source, and none goes below it") {
    byte_counts counts;
    counts.of['a'] = 500000, counts.of['b'] = 250000, counts.of['c'] = 250000;
    const double bits = unigram_bits_per_byte(counts, counts);
    CHECK(bits > 1.5);
    CHECK(bits < 1.501);
}

TEST_CASE("unigram: an empty text has no cost a byte") {
    CHECK(std::isnan(unigram_bits_per_byte({}, {})));
}
