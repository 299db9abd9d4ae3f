// SPDX-License-Identifier: MIT
// The random word that decides how element number so-and-so of a tensor is rounded: a pure function
// of (seed, stream, element), so the same for any number of threads. 64 neighbouring elements share
// 16 calls of the generator, in an order that suits sixteen lanes.
#pragma once

#include <moe/core/random.hpp>

#include <cstdint>

namespace moe {

// The counter of the generator and the word of its result.
struct rounding_place {
    std::uint64_t counter;
    int word;
};
constexpr rounding_place rounding_place_of(std::uint64_t element) {
    return {element / 64 * 16 + element % 16, int(element / 16 % 4)};
}

// 'stream' names the tensor and the step.
constexpr std::uint32_t rounding_word(std::uint64_t seed, std::uint64_t stream,
                                      std::uint64_t element) {
    const rounding_place at = rounding_place_of(element);
    return philox(seed, stream, at.counter)[std::size_t(at.word)];
}

}  // namespace moe
