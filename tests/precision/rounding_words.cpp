// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"

#include <moe/precision/rounding_words.cpu.hpp>

#include <cstring>
#include <set>

namespace {

TEST_CASE("no two elements share a word of the generator") {
    std::set<std::pair<std::uint64_t, int>> places;
    for (std::uint64_t element = 0; element < 1000; ++element) {
        const auto at = moe::rounding_place_of(element);
        CHECK(places.emplace(at.counter, at.word).second);
        CHECK(moe::rounding_word(3, 4, element) ==
              moe::philox(3, 4, at.counter)[std::size_t(at.word)]);
    }
    CHECK(moe::rounding_word(3, 4, 5) != moe::rounding_word(3, 5, 5));
    CHECK(moe::rounding_word(3, 4, 5) != moe::rounding_word(4, 4, 5));
}

TEST_CASE("64 at once are the same words") {
    test::on_every_isa(1, [](auto on) {
        using isa = typename decltype(on)::instructions;
        for (const std::uint64_t block :
             {0ULL, 1ULL, 77ULL, (1ULL << 28) - 1, 1ULL << 28, 1ULL << 40})
            for (const std::uint64_t stream : {0ULL, 0x123456789ABCDEFULL}) {
                const std::uint64_t seed = 0xFEDCBA9876543210ULL + block;
                const moe::rounding_block<isa> words(seed, stream, block);
                for (std::uint64_t i = 0; i < 64; ++i) {
                    float lane[16];
                    words.of[i / 16].floats().store(lane);
                    CHECK(std::bit_cast<std::uint32_t>(lane[i % 16]) ==
                          moe::rounding_word(seed, stream, 64 * block + i));
                }
            }
    });
}

}  // namespace
