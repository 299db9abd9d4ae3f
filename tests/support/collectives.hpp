// SPDX-License-Identifier: MIT
// What every collective must do, in plain words: each rank makes the numbers of all ranks, so it
// knows what it should get. For any back end.
#pragma once

#include "tests/support/random.hpp"

#include <moe/comm/communicator.hpp>

#include <numeric>
#include <sstream>
#include <string>
#include <vector>

namespace test {

// A difference is thrown: doctest's checks are not for threads.
inline void expect(bool is, const std::string& what) {
    if (!is) throw moe::error("not as specified: " + what);
}

template <class T> T number_of(std::uint64_t seed, int rank, std::int64_t i) {
    const float x = moe::random_normal(seed, std::uint64_t(rank), std::uint64_t(i));
    if constexpr (std::is_integral_v<T>)
        return T(x * 1000);
    else
        return T(x);
}
template <class T> std::vector<T> numbers_of(std::uint64_t seed, int rank, std::int64_t count) {
    std::vector<T> all;
    for (std::int64_t i = 0; i < count; ++i) all.push_back(number_of<T>(seed, rank, i));
    return all;
}

// The sum of the grains [first, last) of element i, from the definition of the tree.
template <class T> T tree_sum(std::uint64_t seed, int first, int last, std::int64_t i) {
    if (last - first == 1) return number_of<T>(seed, first, i);
    const int half = int(std::bit_floor(unsigned(last - first - 1)));
    return T(tree_sum<T>(seed, first, first + half, i) + tree_sum<T>(seed, first + half, last, i));
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b, moe::interval where) {
    return where.count() == 0 || std::memcmp(a.data() + where.first, b.data() + where.first,
                                             std::size_t(where.count()) * sizeof(T)) == 0;
}
template <class T> bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
    return a.size() == b.size() && same_bits(a, b, {0, std::int64_t(a.size())});
}

template <class T> void check_sums(auto& ranks, std::uint64_t seed, std::int64_t count) {
    std::vector<T> expected;
    for (std::int64_t i = 0; i < count; ++i)
        expected.push_back(tree_sum<T>(seed, 0, ranks.size(), i));
    auto values = numbers_of<T>(seed, ranks.rank(), count);
    ranks.all_reduce(std::span(values));
    expect(same_bits(values, expected), "all_reduce");
    values = numbers_of<T>(seed, ranks.rank(), count);
    ranks.reduce_scatter(std::span(values));
    expect(same_bits(values, expected, ranks.part(count)), "reduce_scatter");
}

// Every rank's pieces by its own counter over its own grains; the sum by the definition.
template <class T>
void check_sum_of_grains(auto& ranks, std::uint64_t seed, std::int64_t count, int grains) {
    const moe::grain_tree tree{grains};
    const moe::interval mine = tree.part(ranks.size(), ranks.rank());
    std::vector<std::vector<T>> sums;
    for (int g = int(mine.first); g < mine.last; ++g) {
        sums.push_back(numbers_of<T>(seed, g, count));
        for (int c = moe::grain_tree::carries(int(mine.first), g + 1); c > 0; --c) {
            const auto right = sums.back();
            sums.pop_back();
            for (std::size_t i = 0; i < right.size(); ++i)
                sums.back()[i] = T(sums.back()[i] + right[i]);
        }
    }
    if (sums.empty()) sums.emplace_back(std::size_t(count), T(777));
    std::vector<T*> pieces;
    for (auto& sum : sums) pieces.push_back(sum.data());
    std::vector<T> expected;
    for (std::int64_t i = 0; i < count; ++i) expected.push_back(tree_sum<T>(seed, 0, grains, i));
    ranks.all_reduce(std::span<T* const>(pieces), count, grains);
    expect(same_bits(sums[0], expected), "all_reduce of " + std::to_string(grains) + " grains");
}

template <class T> void check_moves(auto& ranks, std::uint64_t seed, std::int64_t count) {
    const int size = ranks.size(), rank = ranks.rank();
    std::vector<T> gathered(std::size_t(count), poison<T>()), expected;
    for (int r = 0; r < size; ++r) {
        const moe::interval theirs = moe::part_of(count, size, r);
        for (std::int64_t i = theirs.first; i < theirs.last; ++i)
            expected.push_back(number_of<T>(seed, r, i));
    }
    const moe::interval mine = ranks.part(count);
    for (std::int64_t i = mine.first; i < mine.last; ++i)
        gathered[std::size_t(i)] = number_of<T>(seed, rank, i);
    ranks.all_gather(std::span(gathered));
    expect(same_bits(gathered, expected), "all_gather");

    // In rows of three.
    std::vector<T> rows(std::size_t(3 * count), poison<T>()), rows_expected;
    for (int r = 0; r < size; ++r) {
        const moe::interval theirs = moe::part_of(count, size, r);
        for (std::int64_t i = 3 * theirs.first; i < 3 * theirs.last; ++i)
            rows_expected.push_back(number_of<T>(seed, r, i));
    }
    for (std::int64_t i = 3 * mine.first; i < 3 * mine.last; ++i)
        rows[std::size_t(i)] = number_of<T>(seed, rank, i);
    ranks.all_gather(std::span(rows), 3);
    expect(same_bits(rows, rows_expected), "all_gather of rows");

    for (int root = 0; root < size; ++root) {
        auto values = numbers_of<T>(seed, rank, count);
        ranks.broadcast(std::span(values), root);
        expect(same_bits(values, numbers_of<T>(seed, root, count)), "broadcast");
    }

    // From a to b: a random number of elements, often none.
    const auto length = [&](int from, int to) {
        return std::int64_t(moe::random_below(4, seed, 5, std::uint64_t(from * 99 + to))) *
               (count + 1) / 3;
    };
    std::vector<std::int64_t> in_counts, out_counts;
    std::vector<T> out, in_expected;
    for (int r = 0; r < size; ++r) {
        out_counts.push_back(length(rank, r));
        in_counts.push_back(length(r, rank));
        for (std::int64_t i = 0; i < length(rank, r); ++i)
            out.push_back(number_of<T>(seed + std::uint64_t(r), rank, i));
        for (std::int64_t i = 0; i < length(r, rank); ++i)
            in_expected.push_back(number_of<T>(seed + std::uint64_t(rank), r, i));
    }
    std::vector<T> in(in_expected.size(), poison<T>());
    ranks.all_to_all_v(std::span(in), std::span<const std::int64_t>(in_counts),
                       std::span<const T>(out), std::span<const std::int64_t>(out_counts));
    expect(same_bits(in, in_expected), "all_to_all_v");

    // A ring, both ways at once.
    if (size > 1) {
        const int next = (rank + 1) % size, before = (rank + size - 1) % size;
        const auto mine_now = numbers_of<T>(seed, rank, count);
        std::vector<T> from_before(std::size_t(count), poison<T>()), from_next = from_before;
        const moe::message<const T> to[] = {{next, mine_now}, {before, mine_now}};
        const moe::message<T> from[] = {{before, from_before}, {next, from_next}};
        const std::size_t ways = size > 2 ? 2 : 1;
        ranks.exchange(std::span(to).first(ways), std::span(from).first(ways));
        expect(same_bits(from_before, numbers_of<T>(seed, before, count)), "exchange");
        if (ways == 2)
            expect(same_bits(from_next, numbers_of<T>(seed, next, count)), "exchange back");
    }
}

template <class Ranks> void check_split(Ranks& ranks) {
    const int size = ranks.size(), rank = ranks.rank();
    // Odd and even, in the opposite order.
    Ranks half = ranks.split(rank % 2, -rank);
    expect(half.size() == (size + 1 - rank % 2) / 2, "size of a split");
    int later = 0;
    for (int r = rank + 1; r < size; ++r) later += r % 2 == rank % 2;
    expect(half.rank() == later, "rank in a split");
    std::vector<std::int64_t> sum = {rank};
    half.all_reduce(std::span(sum));
    std::int64_t expected = 0;
    for (int r = rank % 2; r < size; r += 2) expected += r;
    expect(sum[0] == expected, "sum in a split");
    ranks.barrier();
}

// All of it, with sizes from none to more than is staged at a time.
template <class Ranks> void check_collectives(Ranks& ranks) {
    for (std::uint64_t round = 0; round < 12; ++round) {
        const std::int64_t count = round == 0   ? 0
                                   : round == 1 ? 1
                                   : round == 2 ? 300'001
                                                : random_size(2, 400, 8, round);
        check_sums<float>(ranks, round, count);
        check_sums<std::int64_t>(ranks, round, moe::smaller(count, std::int64_t(500)));
        check_moves<double>(ranks, round, moe::smaller(count, std::int64_t(500)));
        check_sum_of_grains<float>(ranks, round, moe::smaller(count, std::int64_t(500)),
                                   random_size(1, 21, 9, round));
    }
    check_sums<moe::bfloat16>(ranks, 3, 33);
    check_sum_of_grains<moe::bfloat16>(ranks, 3, 33, 13);
    check_split(ranks);
    check_split(ranks);
}

}  // namespace test
