// SPDX-License-Identifier: MIT
// The simplest model of a text, to see what a trained one is worth: each byte has a probability of
// its own, whatever stands before it. Bits per byte of a text under counts from another one:
//   sum over bytes b of text[b] / |text| x -log2((model[b] + 1) / (|model| + 256))
// One is added to each count, so that a byte never seen costs much instead of infinitely much.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

namespace moe {

struct byte_counts {
    std::array<std::int64_t, 256> of{};

    void add(std::string_view text) {
        for (const char letter : text) ++of[static_cast<unsigned char>(letter)];
    }
    std::int64_t total() const {
        std::int64_t sum = 0;
        for (const std::int64_t count : of) sum += count;
        return sum;
    }
};

// NaN for an empty text.
inline double unigram_bits_per_byte(const byte_counts& model, const byte_counts& text) {
    const auto length = double(text.total()), all = double(model.total()) + 256;
    if (length == 0) return std::numeric_limits<double>::quiet_NaN();
    double bits = 0;
    for (int b = 0; b < 256; ++b)
        if (text.of[b] > 0) bits -= double(text.of[b]) * std::log2(double(model.of[b] + 1) / all);
    return bits / length;
}

}  // namespace moe
