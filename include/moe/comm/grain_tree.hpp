// SPDX-License-Identifier: MIT
// The one binary tree over the grains of a batch, and the part of it that a rank computes.
//
// A node of level k sums the grains [j * 2^k, (j + 1) * 2^k), as far as there are so many; its left
// half comes first. Who holds neighbouring grains [first, last) adds pairs as they become complete,
// like the carries of a binary counter, and is left with a few sums, its pieces: nodes whose sister
// lies, wholly or in part, with another rank. The pieces of all ranks, in the order of the grains,
// are leaves of the same tree, whoever holds how many.
#pragma once

#include <moe/core/math.hpp>

#include <bit>
#include <cstdint>

namespace moe {

struct grain_tree {
    int grains = 1;

    // The grains [first, last) of the part that begins at 'first': how many pairs become complete
    // with grain number last - 1.
    static constexpr int carries(int first, int last) {
        int count = 0;
        while (last % (2 << count) == 0 && last - (2 << count) >= first) ++count;
        return count;
    }
    // How many sums the holder of [first, last) is left with.
    static constexpr int pieces(int first, int last) {
        int count = 0;
        for (int g = first; g < last; ++g) count += 1 - carries(first, g + 1);
        return count;
    }
    // The most sums at any one time, the grain that is being added with them.
    static constexpr int most_pieces(int first, int last) {
        int count = 0, most = 0;
        for (int g = first; g < last; ++g) {
            most = larger(most, count + 1);
            count += 1 - carries(first, g + 1);
        }
        return most;
    }

    // The grains of a rank: whole and contiguous, numbers that differ by one at most.
    constexpr interval part(int ranks, int rank) const { return part_of(grains, ranks, rank); }
    constexpr int pieces_of(int ranks, int rank) const {
        const interval mine = part(ranks, rank);
        return pieces(int(mine.first), int(mine.last));
    }

    // Sums the pieces of all ranks as the tree says. merge(a, b): a becomes a + b; a and b count
    // the pieces of all ranks from 0. The sum ends up in piece 0.
    constexpr void sum(int ranks, auto merge) const {
        constexpr int deepest = 64;
        struct node {
            int piece;
            std::int64_t first, last;
        } stack[deepest]{};
        int depth = 0, piece = 0;
        const auto close = [&](std::int64_t upto) {
            // Two neighbours are sisters if together they fill a node, cut off at the last grain.
            while (depth > 1) {
                const node& left = stack[depth - 2];
                const node& right = stack[depth - 1];
                const auto size =
                    std::int64_t(std::bit_ceil(std::uint64_t(right.last - left.first)));
                const bool whole = left.first % size == 0 && left.last - left.first == size / 2 &&
                                   (right.last == left.first + size || right.last == upto);
                if (!whole) return;
                merge(left.piece, right.piece);
                stack[depth - 2].last = right.last;
                --depth;
            }
        };
        for (int rank = 0; rank < ranks; ++rank) {
            const interval mine = part(ranks, rank);
            // The holder's own counter, with sizes instead of sums.
            node held[deepest]{};
            int count = 0;
            for (std::int64_t g = mine.first; g < mine.last; ++g) {
                held[count++] = {0, g, g + 1};
                for (int c = carries(int(mine.first), int(g + 1)); c > 0; --c, --count)
                    held[count - 2].last = held[count - 1].last;
            }
            for (int i = 0; i < count; ++i) {
                stack[depth++] = {piece++, held[i].first, held[i].last};
                close(grains);
            }
        }
    }
};

}  // namespace moe
