// SPDX-License-Identifier: MIT
#include <moe/train/growth_summary.hpp>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

TEST_CASE("a growth is summed up over old domains and layers") {
    moe::growth_summary s;
    s.recipe = "grown", s.grows = "nano", s.place = "slot";
    s.fresh = {"law", 4, 3, {0.5, 0.75}};
    s.old = {{"art", 2, 2.02, {0.25, 0.25}}, {"war", 1, 0.99, {0, 0.5}}};
    s.parameters = 110, s.trained = 10;
    CHECK(s.fresh.change() == doctest::Approx(-0.25));
    CHECK(s.mean_old_change() == doctest::Approx(0.0));
    CHECK(s.worst_old_change() == doctest::Approx(0.01));
    CHECK(s.mean_old_use() == doctest::Approx(0.25));
    const auto json = nlohmann::json::parse(moe::growth_json(s));
    CHECK(json["new_domain"]["domain"] == "law");
    CHECK(json["new_domain"]["tokens_share_by_layer"] == std::vector{0.5, 0.75});
    CHECK(json["old_domains"].size() == 2);
    CHECK(double(json["worst_old_domain_loss_change_percent"]) == doctest::Approx(1));
    CHECK(double(json["new_tokens_share"]) == doctest::Approx(0.625));
    CHECK(double(json["parameters_trained_share"]) == doctest::Approx(0.1));
}
