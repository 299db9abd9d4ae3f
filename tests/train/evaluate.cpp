// SPDX-License-Identifier: MIT
#include "tests/support/small.hpp"

#include <doctest/doctest.h>

TEST_CASE("each domain's held-out text is scored by itself") {
    const test::folder in;
    test::put_domains(in);
    const moe::settings s = test::small_settings(in);
    moe::trainer<test::small> trainer(s);
    while (trainer.steps_done() < 12) trainer.step();
    const moe::validation_report all = moe::evaluate(trainer.network(), trainer.text(), 12, 0);
    REQUIRE(all.domains.size() == 2);
    CHECK(all.domains[0].domain == "rivers");
    CHECK(all.domains[1].domain == "stones");
    CHECK(all.step == 12);
    double mean = 0;
    for (const auto& one : all.domains) {
        CHECK(one.tokens == one.bytes);  // bytes are the tokens here
        CHECK(one.bits_per_byte == doctest::Approx(one.nats_per_token / std::log(2.0)));
        std::int64_t choices = 0;
        for (const std::int64_t count : one.routing.layer(0)) choices += count;
        CHECK(choices == one.tokens * 2);
        mean += one.bits_per_byte / 2;
    }
    CHECK(all.bits_per_byte == doctest::Approx(mean));
    CHECK(all.domains[0].tokens == 32 * trainer.text().validation_windows(0));

    // A look at some of the windows sees as many tokens as it says, and changes nothing.
    const moe::validation_report some = moe::evaluate(trainer.network(), trainer.text(), 12, 2);
    CHECK(some.domains[0].tokens == 64);
    CHECK(moe::evaluate(trainer.network(), trainer.text(), 12, 0).bits_per_byte ==
          all.bits_per_byte);
}
