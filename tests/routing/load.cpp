// SPDX-License-Identifier: MIT
#include "tests/support/machines.hpp"
#include "tests/support/random.hpp"

#include <doctest/doctest.h>
#include <moe/routing/load.hpp>
#include <moe/routing/top_k.hpp>

namespace {

using namespace moe;

TEST_CASE("counts are added from a plan") {
    const int first[4] = {0, 3, 3, 8};
    std::int64_t counts[3] = {1, 2, 3};
    add_counts(counts, {first, 3});
    CHECK((counts[0] == 4 && counts[1] == 2 && counts[2] == 8));
}

TEST_CASE("an even load is perfect") {
    const std::int64_t counts[4] = {5, 5, 5, 5};
    const expert_load even = load_of(counts, 4);
    CHECK(even.max_violation == 0);
    CHECK(even.dead == 0);
    CHECK(even.entropy == doctest::Approx(1));
}

TEST_CASE("one expert does everything") {
    const std::int64_t counts[4] = {0, 12, 0, 0};
    const expert_load one = load_of(counts, 4);
    CHECK(one.max_violation == doctest::Approx(3));  // four times the mean
    CHECK(one.dead == 3);
    CHECK(one.entropy == 0);
}

TEST_CASE("two of four: half of the entropy, twice the mean") {
    const std::int64_t counts[4] = {6, 6, 0, 0};
    const expert_load two = load_of(counts, 4);
    CHECK(two.max_violation == doctest::Approx(1));
    CHECK(two.dead == 2);
    CHECK(two.entropy == doctest::Approx(0.5));
}

TEST_CASE("no token, or a single expert, is no violation") {
    const std::int64_t nothing[3] = {}, single[1] = {9};
    CHECK(load_of(nothing, 3).max_violation == 0);
    CHECK(load_of(nothing, 3).dead == 3);
    CHECK(load_of(single, 1).max_violation == 0);
    CHECK(load_of(single, 1).dead == 0);
}

TEST_CASE("a router without an opinion has entropy 1, one that is sure 0") {
    test::guarded<float> logits(3, 8), entropy(1, 3);
    test::fill(logits.view(), 0.25F);
    for (int e = 0; e < 8; ++e) logits(1, e) = e == 5 ? 80.0F : -80.0F;
    for (int e = 0; e < 8; ++e) logits(2, e) = e < 2 ? 0.0F : -80.0F;
    test::on_every_machine([&](auto on) {
        test::fill(entropy.view(), test::poison<float>());
        router_entropy<8>(on, entropy.data(), logits, softmax_top_k{});
        CHECK(entropy(0, 0) == doctest::Approx(1));
        CHECK(entropy(0, 1) == doctest::Approx(0));
        CHECK(entropy(0, 2) == doctest::Approx(1.0 / 3));
        CHECK(entropy.intact());
    });
    router_entropy<8>(reference{}, entropy.data(), logits, sigmoid_top_k{});
    CHECK(entropy(0, 0) == doctest::Approx(1));
    CHECK(entropy(0, 1) == doctest::Approx(0));
}

}  // namespace
