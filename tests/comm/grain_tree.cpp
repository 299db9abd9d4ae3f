// SPDX-License-Identifier: MIT
#include <moe/comm/grain_tree.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {
// The tree as words, from its definition: the left half is the largest power of two below the size.
std::string words(int first, int last) {
    if (last - first == 1) return std::to_string(first);
    const int half = int(std::bit_floor(unsigned(last - first - 1)));
    return "(" + words(first, first + half) + "+" + words(first + half, last) + ")";
}
// The pieces of a rank, by a counter of its own.
std::vector<std::string> pieces(int first, int last) {
    std::vector<std::string> sums;
    for (int g = first; g < last; ++g) {
        sums.push_back(std::to_string(g));
        for (int c = moe::grain_tree::carries(first, g + 1); c > 0; --c) {
            const std::string right = sums.back();
            sums.pop_back();
            sums.back() = "(" + sums.back() + "+" + right + ")";
        }
    }
    return sums;
}
}  // namespace

TEST_CASE("any number of ranks computes the same tree over any number of grains") {
    for (int grains = 1; grains <= 70; ++grains)
        for (int ranks = 1; ranks <= 9; ++ranks) {
            const moe::grain_tree tree{grains};
            std::vector<std::string> sums;
            for (int r = 0; r < ranks; ++r) {
                const moe::interval mine = tree.part(ranks, r);
                const auto own = pieces(int(mine.first), int(mine.last));
                REQUIRE(int(own.size()) == tree.pieces_of(ranks, r));
                sums.insert(sums.end(), own.begin(), own.end());
            }
            std::size_t merges = 0;
            tree.sum(ranks, [&](int to, int from) {
                REQUIRE(to < from);
                sums[std::size_t(to)] =
                    "(" + sums[std::size_t(to)] + "+" + sums[std::size_t(from)] + ")";
                ++merges;
            });
            REQUIRE(merges + 1 == sums.size());
            CHECK_MESSAGE(sums[0] == words(0, grains), grains << " grains, " << ranks << " ranks");
        }
}

TEST_CASE("powers of two leave one piece a rank, other numbers a few") {
    for (int k = 0; k < 6; ++k) {
        const moe::grain_tree tree{8 << k};
        for (int r = 0; r < 8; ++r) CHECK(tree.pieces_of(8, r) == 1);
    }
    CHECK(moe::grain_tree::pieces(1, 7) == 4);  // 1, 2-3, 4-5, 6
    CHECK(moe::grain_tree::pieces(5, 5) == 0);
}

TEST_CASE("one rank needs a buffer for each binary digit of the number of grains") {
    for (int grains = 1; grains < 200; ++grains)
        CHECK(moe::grain_tree::most_pieces(0, grains) <= int(std::bit_width(unsigned(grains))));
    CHECK(moe::grain_tree::most_pieces(0, 1) == 1);
    CHECK(moe::grain_tree::most_pieces(0, 8) == 4);
    CHECK(moe::grain_tree::most_pieces(3, 3) == 0);
}
