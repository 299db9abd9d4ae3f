// SPDX-License-Identifier: MIT
#include <moe/app/scored_text.hpp>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace moe;

namespace {

scored_text example() {
    scored_text s{.folder = true, .with_routing = false, .domains = {}, .routing = {}};
    s.domains = {{"rivers", 10, 20, 30}, {"stones", 30, 30, 30}};
    return s;
}

}  // namespace

TEST_CASE("scored text: the whole is the sum of its domains") {
    const auto json = nlohmann::json::parse(score_json(example()));
    CHECK(json["tokens"] == 40);
    CHECK(json["nats_per_token"] == 1.5);
    CHECK(json["bits_per_byte"] == doctest::Approx(60 / std::log(2.0) / 50));
    CHECK(json["domains"]["rivers"]["nats_per_token"] == 3);
    CHECK(json["domains"]["stones"]["bits_per_byte"] == doctest::Approx(1 / std::log(2.0)));
    CHECK(!json.contains("routing"));
    const std::string words = score_words(example(), {80, false, false, false});
    CHECK(words.find("rivers") != std::string::npos);
}

TEST_CASE("scored text: a file has no domains, and routing stands behind it when asked for") {
    scored_text s = example();
    s.folder = false, s.with_routing = true;
    s.domains.pop_back();
    const auto json = nlohmann::json::parse(score_json(s));
    CHECK(!json.contains("domains"));
    CHECK(json["routing"]["layers"].empty());
    CHECK(json["routing"]["expert_purity"].is_null());
}
