// SPDX-License-Identifier: MIT
// Text with a structure that a small model can learn, and a different one in each domain: letters
// follow each other by a table that the domain's seed draws.
#pragma once

#include "tests/support/folder.hpp"

#include <moe/core/random.hpp>

#include <string>

namespace test {

// Each letter is followed by one of two, the first of them three times out of four.
inline std::string chain_text(std::uint64_t domain, std::size_t bytes) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz \n";
    std::string text;
    std::uint64_t at = 0;
    while (text.size() < bytes) {
        text += letters[at];
        const bool usual = moe::random_below(4, domain, 1, text.size()) != 0;
        at = moe::random_below(letters.size(), domain, usual ? 2 : 3, at);
        // A rare jump, so that no chain ends in a short cycle.
        if (moe::random_below(16, domain, 4, text.size()) == 0)
            at = moe::random_below(letters.size(), domain, 5, text.size());
    }
    return text;
}

// DIR/<domain>/*.txt for two domains of two files each; gives back DIR.
inline std::string put_domains(const folder& in, std::size_t bytes_a_file = 4000) {
    put(in / "text/rivers/one.txt", chain_text(1, bytes_a_file));
    put(in / "text/rivers/two.txt", chain_text(1, bytes_a_file / 2));
    put(in / "text/stones/one.txt", chain_text(2, bytes_a_file));
    put(in / "text/stones/two.txt", chain_text(2, bytes_a_file / 3));
    return in / "text";
}

}  // namespace test
