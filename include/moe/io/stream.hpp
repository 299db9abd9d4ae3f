// SPDX-License-Identifier: MIT
// The order of training: a pure function from (seed, sequence number) to a window of the corpus, so
// that the position in the data is one number, and ranks, grains and resumed runs need nothing
// else. An epoch visits windows whose inputs do not overlap, in the order of a counter-based
// pseudo-random permutation (core/random.hpp); each document's first window begins at an offset
// drawn anew every epoch.
#pragma once

#include <moe/io/corpus.hpp>

namespace moe::io {

class stream {
public:
    // The corpus must outlive the stream.
    stream(const corpus& text, std::uint64_t seed);

    std::int64_t windows() const { return first_.back(); }  // in an epoch
    window at(std::uint64_t sequence) const;
    // Its tokens: context + lookahead numbers.
    window read(std::uint64_t sequence, int* tokens) const;

private:
    const corpus* text_;
    std::uint64_t seed_;
    std::vector<std::int64_t> first_;  // (documents + 1) of each document's windows
    std::vector<std::int64_t> slack_;  // (documents) offsets to draw from
};

}  // namespace moe::io
