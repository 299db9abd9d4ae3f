// SPDX-License-Identifier: MIT
// Whether all ranks mean the same: the same recipe, settings, text. A difference is found before
// the first step, not by a loss that looks odd later.
#pragma once

#include <moe/comm/communicator.hpp>

#include <string_view>

namespace moe {

// FNV-1a, 64 bits.
constexpr std::uint64_t short_hash(std::string_view text) {
    std::uint64_t hash = 14695981039346656037U;
    for (const char letter : text) hash = (hash ^ std::uint8_t(letter)) * 1099511628211U;
    return hash;
}

// Throws on every rank when one has another text. what: "the recipe".
template <communicates Ranks>
void require_same(Ranks& ranks, std::string_view what, std::string_view text) {
    std::vector<std::uint64_t> hashes(std::size_t(ranks.size()), short_hash(text));
    ranks.all_gather(std::span(hashes));
    for (int r = 1; r < ranks.size(); ++r)
        if (hashes[std::size_t(r)] != hashes[0])
            throw error(std::string(what) + " of rank " + std::to_string(r) +
                        " is not that of rank 0: all ranks must run the same program with the same "
                        "flags on the same text");
}

}  // namespace moe
