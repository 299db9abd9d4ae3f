// SPDX-License-Identifier: MIT
#include "tests/support/small.hpp"

#include <doctest/doctest.h>
#include <moe/train/count_routing.hpp>

namespace {

std::string routing_with(const test::folder& in, int threads) {
    moe::settings s = test::small_settings(in);
    s.threads = threads;
    moe::trainer<test::small> trainer(s);
    while (trainer.steps_done() < 12) trainer.step();
    return moe::routing_json(moe::evaluate(trainer.network(), trainer.text(), 12, 0).routing);
}

}  // namespace

TEST_CASE("routing is counted token by token, the same from any number of threads") {
    const test::folder in;
    test::put_domains(in);
    const std::string one = routing_with(in, 1);
    CHECK(routing_with(in, 3) == one);
    const moe::routing_report r = moe::read_routing(one, "x");
    REQUIRE(r.layers.size() == 1);
    const moe::layer_routing& layer = r.layers[0];
    std::int64_t choices = 0, pairs = 0;
    for (const auto& domain : layer.counts)
        for (const std::int64_t count : domain) choices += count;
    for (const std::int64_t count : layer.together.all()) pairs += count;
    CHECK(choices == 2 * r.tokens);
    CHECK(pairs == r.tokens);  // two active: one pair a token
    CHECK(layer.router_entropy > 0.5);
    CHECK(layer.router_entropy <= 1);
    CHECK(layer.domains.purity >= 0.5);
}

TEST_CASE("a count of several passes is the sum of theirs") {
    moe::network<test::small> network({2, 32}, {.threads = 2, .trains = false});
    network.start(3);
    auto all = moe::counts_for<test::small>(), part = all;
    auto tally = moe::tally_for<test::small>();
    std::vector<int> windows(2 * 33);
    for (std::size_t i = 0; i < windows.size(); ++i) windows[i] = int(i * 37 % 256);
    network.loss(windows, 32);
    moe::count_routing(network, all, tally);
    CHECK(tally.tokens == 64);
    auto halves = moe::tally_for<test::small>();
    for (int half = 0; half < 2; ++half) {
        network.loss({windows.data() + half * 33, 33}, 32);
        moe::count_routing(network, part, halves);
    }
    CHECK(halves.undecided == tally.undecided);
    for (std::size_t e = 0; e < 8; ++e) CHECK(part.layer(0)[e] == all.layer(0)[e]);
}
