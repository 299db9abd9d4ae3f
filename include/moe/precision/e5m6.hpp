// SPDX-License-Identifier: MIT
// How e5m6 lies in memory: two numbers in three bytes, the first in the lower twelve bits of a
// little-endian number of 24; so eight numbers make three 32-bit words.
#pragma once

#include <moe/precision/small_float.hpp>

#include <cstdint>

namespace moe {

struct e5m6_pair {
    std::uint8_t bytes[3];

    e5m6_pair() = default;
    constexpr e5m6_pair(e5m6 first, e5m6 second)
        : bytes{std::uint8_t(first.bits & 0xFF),
                std::uint8_t(first.bits >> 8 | (second.bits & 0xF) << 4),
                std::uint8_t(second.bits >> 4)} {}
    constexpr e5m6 first() const {
        return e5m6::from_bits(std::uint16_t(bytes[0] | (bytes[1] & 0xF) << 8));
    }
    constexpr e5m6 second() const {
        return e5m6::from_bits(std::uint16_t(bytes[1] >> 4 | bytes[2] << 4));
    }
};
static_assert(sizeof(e5m6_pair) == 3 && alignof(e5m6_pair) == 1);

}  // namespace moe
