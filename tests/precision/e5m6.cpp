// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/precision/e5m6.hpp>

#include <cstring>

namespace {

using moe::e5m6, moe::e5m6_pair;

static_assert(e5m6_pair(e5m6(1.0F), e5m6(-2.0F)).second().bits == e5m6(-2.0F).bits);

TEST_CASE("a pair gives back both of its codes, whatever the other is") {
    for (unsigned i = 0; i < 4096; ++i) {
        const auto a = e5m6::from_bits(std::uint16_t(i)),
                   b = e5m6::from_bits(std::uint16_t(i * 2731 % 4096));
        CHECK(e5m6_pair(a, b).first().bits == a.bits);
        CHECK(e5m6_pair(a, b).second().bits == b.bits);
    }
}

TEST_CASE("eight codes lie in three words, the first in the lowest twelve bits") {
    e5m6_pair pairs[4];
    for (unsigned i = 0; i < 4; ++i)
        pairs[i] = {e5m6::from_bits(std::uint16_t(0x100 + 2 * i)),
                    e5m6::from_bits(std::uint16_t(0x101 + 2 * i))};
    const std::uint8_t expected[] = {0x00, 0x11, 0x10, 0x02, 0x31, 0x10,
                                     0x04, 0x51, 0x10, 0x06, 0x71, 0x10};
    static_assert(sizeof pairs == sizeof expected);
    CHECK(std::memcmp(pairs, expected, sizeof pairs) == 0);
}

}  // namespace
