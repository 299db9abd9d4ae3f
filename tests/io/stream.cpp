// SPDX-License-Identifier: MIT
#include <moe/core/random.hpp>
#include <moe/io/stream.hpp>

#include <algorithm>
#include <initializer_list>
#include <map>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include <tests/support/folder.hpp>

using namespace moe::io;

namespace {

corpus domains(const test::folder& folder, corpus_shape shape = {8, 1, 0.1}) {
    const auto text = [](int count, int start) {
        std::string all;
        for (int i = 0; i < count; ++i) all += char('!' + (i * 11 + start) % 90);
        return all;
    };
    test::put(folder / "d/one/long.txt", text(3000, 1));
    test::put(folder / "d/one/short.txt", text(100, 2));
    test::put(folder / "d/one/tiny.txt", text(shape.context + shape.lookahead, 3));
    test::put(folder / "d/two/other.txt", text(777, 4));
    return corpus(folder / "d", tokenizer(), shape);
}

}  // namespace

TEST_CASE("the permutation meets every index once, for any count, and differs by seed and stream") {
    for (const std::uint64_t count : {1U, 2U, 3U, 4U, 5U, 16U, 17U, 63U, 64U, 65U, 1000U, 4097U}) {
        std::vector<int> met(count);
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::uint64_t to = moe::random_permutation(i, count, 3, 4);
            REQUIRE(to < count);
            ++met[to];
        }
        CHECK(std::count(met.begin(), met.end(), 1) == std::ptrdiff_t(count));
    }
    int same_seed = 0, same_stream = 0, fixed = 0, neighbours = 0;
    const std::uint64_t count = 10'000;
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t to = moe::random_permutation(i, count, 3, 4);
        same_seed += to == moe::random_permutation(i, count, 5, 4);
        same_stream += to == moe::random_permutation(i, count, 3, 5);
        fixed += to == i;
        neighbours += to + 1 == moe::random_permutation((i + 1) % count, count, 3, 4);
    }
    // Each is about 1 in a random permutation.
    for (const int coincidences : {same_seed, same_stream, fixed, neighbours})
        CHECK(coincidences < 10);
    static_assert(moe::random_permutation(0, 1, 1, 1) == 0);
}

TEST_CASE("the permutation is even: every place goes to every quarter about as often") {
    const std::uint64_t count = 100;
    std::map<std::pair<std::uint64_t, std::uint64_t>, int> times;
    const int seeds = 4000;
    for (int seed = 0; seed < seeds; ++seed)
        for (std::uint64_t i = 0; i < 4; ++i)
            ++times[{i, moe::random_permutation(i, count, std::uint64_t(seed), 1) / 25}];
    for (const auto& [where, n] : times) CHECK(std::abs(n - seeds / 4) < 150);  // 5 deviations
}

TEST_CASE(
    "an epoch visits every document's windows once, without overlap, never what is held out") {
    const test::folder folder;
    for (const corpus_shape shape :
         {corpus_shape{8, 1, 0.1}, {8, 2, 0.1}, {3, 1, 0}, {50, 1, 0.05}}) {
        const corpus text = domains(folder, shape);
        const stream order(text, 7);
        const auto windows = std::uint64_t(order.windows());
        for (std::uint64_t epoch = 0; epoch < 5; ++epoch) {
            std::vector<std::vector<std::int64_t>> first(text.documents().size());
            for (std::uint64_t i = 0; i < windows; ++i) {
                const window w = order.at(epoch * windows + i);
                CHECK(w.domain == text.documents()[std::size_t(w.document)].domain);
                first[std::size_t(w.document)].push_back(w.first);
            }
            for (std::size_t d = 0; d < first.size(); ++d) {
                const document& one = text.documents()[d];
                std::sort(first[d].begin(), first[d].end());
                REQUIRE(!first[d].empty());
                CHECK(first[d].front() >= one.first);
                CHECK(first[d].back() + shape.context + shape.lookahead <= one.first + one.trained);
                for (std::size_t i = 1; i < first[d].size(); ++i)
                    CHECK(first[d][i] == first[d][i - 1] + shape.context);
                // Hardly anything is left out.
                const double share = double(first[d].size()) * shape.context / double(one.trained);
                if (one.trained > 20 * shape.context) CHECK(share > 0.88);
            }
        }
    }
}

TEST_CASE("every epoch has an order and offsets of its own") {
    const test::folder folder;
    const corpus text = domains(folder);
    const stream order(text, 7), other(text, 8);
    const auto windows = std::uint64_t(order.windows());
    std::set<std::int64_t> offsets;
    int same_place = 0, same_other = 0;
    for (std::uint64_t epoch = 0; epoch < 40; ++epoch)
        for (std::uint64_t i = 0; i < windows; ++i) {
            const window w = order.at(epoch * windows + i);
            if (w.document == 0) offsets.insert(w.first % 8);
            same_place += epoch > 0 && w.first == order.at(i).first;
            same_other += w.first == other.at(epoch * windows + i).first;
        }
    CHECK(offsets.size() == 8);
    CHECK(same_place < 200);
    CHECK(same_other < 200);
}

TEST_CASE("the position is all there is: any two streams agree on any sequence number") {
    const test::folder folder;
    const corpus text = domains(folder), again = domains(folder);
    const stream order(text, 7), resumed(again, 7);
    std::vector<int> a(9), b(9);
    for (std::uint64_t i = 4900; i > 0; i -= 7) {
        const window w = order.read(i, a.data());
        CHECK(resumed.read(i, b.data()).first == w.first);
        CHECK(a == b);
        for (int j = 0; j < 9; ++j) CHECK(a[std::size_t(j)] == text.token(w.first + j));
    }
}

TEST_CASE("a corpus of one window is that window for ever") {
    const test::folder folder;
    test::put(folder / "d/a.txt", "123456789");
    const corpus text(folder / "d", tokenizer(), {8});
    const stream order(text, 1);
    CHECK(order.windows() == 1);
    for (std::uint64_t i = 0; i < 10; ++i) CHECK(order.at(i).first == 0);
}
