// SPDX-License-Identifier: MIT
#include "tests/support/small.hpp"

#include <doctest/doctest.h>
#include <moe/train/domain_look.hpp>
#include <moe/train/evaluate.hpp>

namespace {
struct on_reference : test::small {
    moe::reference device{};
};
}  // namespace

TEST_CASE("a look counts the tokens that use an expert, and scores as validation does") {
    const test::folder in;
    test::put_domains(in);
    moe::network<on_reference> network({2, 32}, {.trains = false});
    network.start(3);
    const moe::io::corpus text(in / "text/rivers", moe::io::tokenizer(), {.context = 32});
    const auto look = moe::look_at(network, text, 3, [](const auto& mixture, int t) {
        const int* chosen = mixture.plan.chosen + t * mixture.plan.active;
        return chosen[0] == 5 || chosen[1] == 5;
    });
    moe::routing_tally tally(1, 8);
    const auto report = moe::evaluate_domain(network, text, 0, 3, tally);
    CHECK(look.domain == "rivers");
    CHECK(look.bits_per_byte == doctest::Approx(report.bits_per_byte));
    REQUIRE(look.use.size() == 1);
    CHECK(look.use[0] * 3 * 32 == doctest::Approx(double(report.routing.layer(0)[5])));
    CHECK(look.mean_use() == look.use[0]);
}
