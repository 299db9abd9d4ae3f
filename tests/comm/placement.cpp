// SPDX-License-Identifier: MIT
// What must not compile is in tests/fail.
#include "tests/support/collectives.hpp"

#include <moe/comm/placement.hpp>
#include <moe/comm/threads.hpp>

#include <doctest/doctest.h>

using moe::mesh_axis;
using moe::partial;
using moe::placed;
using moe::sharded;
using moe::thread_ranks;
using span = std::span<float>;

namespace {
auto along_data(thread_ranks& ranks) { return moe::along<mesh_axis::data>(ranks); }
}  // namespace

TEST_CASE("a partial sum becomes whole once, and then is whole") {
    moe::run_ranks(3, std::chrono::seconds(60), [](thread_ranks& ranks) {
        auto values = test::numbers_of<float>(1, ranks.rank(), 20);
        const placed<span, partial<mesh_axis::data>> gradient{span(values)};
        const placed<span> sum = all_reduce(along_data(ranks), gradient);
        for (int i = 0; i < 20; ++i)
            test::expect(whole(sum)[std::size_t(i)] == test::tree_sum<float>(1, 0, 3, i), "sum");
    });
}

TEST_CASE("summed into shards and gathered is the same sum; of shards a number is partial") {
    moe::run_ranks(3, std::chrono::seconds(60), [](thread_ranks& ranks) {
        auto values = test::numbers_of<float>(1, ranks.rank(), 20);
        const placed<span, partial<mesh_axis::data>> gradient{span(values)};
        const placed<span, sharded<mesh_axis::data>> shard =
            reduce_scatter(along_data(ranks), gradient);
        const placed<double, partial<mesh_axis::data>> squares =
            sum_of(shard, ranks.part(20), [](double x) { return x * x; });
        double mine = squares.local();
        const placed<std::span<double>, partial<mesh_axis::data>> one{std::span(&mine, 1)};
        const double all = whole(all_reduce(along_data(ranks), one))[0];
        const placed<span> sum = all_gather(along_data(ranks), shard);
        double expected = 0;
        for (const float x : whole(sum)) expected += double(x) * double(x);
        test::expect(std::abs(all - expected) < 1e-9 * expected, "squares");
        for (int i = 0; i < 20; ++i)
            test::expect(whole(sum)[std::size_t(i)] == test::tree_sum<float>(1, 0, 3, i), "sum");
    });
}

TEST_CASE("terms that lie alike add up") {
    const placed<double> a(1), b(2);
    CHECK(whole(a + b) == 3);
    const placed<double, partial<mesh_axis::data>> c(1), d(2);
    CHECK((c + d).local() == 3);
}
