// SPDX-License-Identifier: MIT
#include <moe/core/error.hpp>
#include <moe/train/summary.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <unistd.h>

using namespace moe;
namespace fs = std::filesystem;

namespace {

struct folder {
    fs::path path = fs::temp_directory_path() / ("moe_summary_" + std::to_string(getpid()));
    folder() { fs::create_directories(path); }
    ~folder() { fs::remove_all(path); }
    std::string file() const { return (path / "summary.json").string(); }
    void write(const std::string& text) const { std::ofstream(file()) << text; }
};

run_summary example() {
    run_summary s;
    s.recipe = "nano \"1\"";
    s.parameters = 17'300'000, s.parameters_active = 6'100'000;
    s.steps = 1000, s.tokens = 4'096'000, s.batch = 4096;
    s.seed = std::numeric_limits<std::uint64_t>::max();
    s.ranks = 4, s.threads = 2, s.grains = 8;
    s.instruction_set = "avx512_bf16";
    s.train_loss = 1.37000000000000012;
    s.validation = {{"biology", 1.981}, {"größe\n", 0.1 + 0.2}};
    s.max_violation = 0.05, s.router_entropy = 0.97, s.dead_experts = 1;
    s.seconds = 123.4, s.tokens_per_second = 33'000, s.flop = 1.5e14, s.flop_per_second = 1.2e12;
    s.planned_bytes = 300, s.peak_bytes = 299, s.resident_bytes = 400;
    s.joules = 2468, s.joules_source = "model: 2 cores x 10 W x 123.4 s";
    s.price_per_hour = 0.5, s.money = 0.017;
    s.weights_hash = "0123456789abcdef", s.state_hash = "fedcba9876543210";
    return s;
}

std::string message_of(const std::string& path) {
    try {
        read_summary(path);
    } catch (const error& wrong) {
        return wrong.what();
    }
    return "no error";
}

// The text with one key's value replaced, or the key taken out.
std::string changed(std::string text, const std::string& key, const std::string& value) {
    const std::size_t at = text.find('"' + key + '"');
    REQUIRE(at != std::string::npos);
    const std::size_t end = text.find_first_of(",\n", at);
    return text.replace(at, end - at, value.empty() ? "\"other\": 1" : '"' + key + "\": " + value);
}

}  // namespace

TEST_CASE("summary: what is written reads back as the same numbers") {
    const folder here;
    const run_summary s = example();
    write_summary(here.file(), s);
    const run_summary back = read_summary(here.file());
    CHECK(summary_json(back) == summary_json(s));
    CHECK(back.recipe == s.recipe);
    CHECK(back.seed == s.seed);
    CHECK(back.train_loss == s.train_loss);
    REQUIRE(back.validation.size() == 2);
    CHECK(back.validation[1].domain == "größe\n");
    CHECK(back.validation[1].bits_per_byte == 0.1 + 0.2);
    CHECK(std::isnan(back.peak_share));
    CHECK(back.weights_hash == s.weights_hash);
    CHECK(back.state_hash == s.state_hash);
    int files = 0;
    for (const auto& entry : fs::directory_iterator(here.path)) ++files, static_cast<void>(entry);
    CHECK(files == 1);
}

TEST_CASE("summary: the keys that people and scripts rely on") {
    const std::string text = summary_json(example());
    for (const char* key :
         {"steps", "tokens", "train_loss", "validation", "tokens_per_second", "flop_per_second",
          "peak_share", "planned_bytes", "peak_bytes", "resident_bytes", "joules", "joules_source",
          "money", "weights_hash", "state_hash", "validation_mean", "flop", "seconds"}) {
        const std::string quoted = std::string("\n  \"") + key + "\": ";
        CHECK_MESSAGE(text.find(quoted) != std::string::npos, key);
    }
    CHECK(text.find("\"peak_share\": null") != std::string::npos);
    CHECK(text.find("\"validation_mean\": 1.14") != std::string::npos);
}

TEST_CASE("summary: a run that has measured nothing is still JSON") {
    const folder here;
    write_summary(here.file(), {});
    const run_summary back = read_summary(here.file());
    CHECK(back.validation.empty());
    CHECK(std::isnan(back.train_loss));
    CHECK(std::isnan(validation_mean(back)));
}

TEST_CASE("summary: a key that is missing or of the wrong type is named with its file") {
    const folder here;
    const std::string text = summary_json(example());
    const auto with = [&](const char* key, const char* value) {
        here.write(changed(text, key, value));
        const std::string message = message_of(here.file());
        CHECK(message.rfind(here.file() + ": ", 0) == 0);
        CHECK(message.find('\n') == std::string::npos);
        return message.substr(std::min(message.size(), here.file().size() + 2));
    };
    CHECK(with("tokens", "") == "the key \"tokens\" is missing");
    CHECK(with("tokens", "\"many\"") ==
          "the value of \"tokens\" is not a whole number of at least 0");
    CHECK(with("tokens", "-1") == "the value of \"tokens\" is not a whole number of at least 0");
    CHECK(with("tokens", "1.5") == "the value of \"tokens\" is not a whole number of at least 0");
    CHECK(with("tokens", "9223372036854775808") ==
          "the value of \"tokens\" is not a whole number below 2^63");
    CHECK(with("joules", "true") == "the value of \"joules\" is not a number or null");
    CHECK(with("weights_hash", "7") == "the value of \"weights_hash\" is not a string");
    CHECK(with("biology", "\"low\"") ==
          "the value of \"validation.biology\" is not a number or null");
    here.write("[1, 2]");
    CHECK(message_of(here.file()) == here.file() + ": a JSON object was expected");
    here.write(text.substr(0, text.size() / 2));
    CHECK(message_of(here.file()).rfind(here.file() + ": ", 0) == 0);
    fs::remove(here.file());
    CHECK(message_of(here.file()).rfind(here.file() + ": ", 0) == 0);
}

TEST_CASE("summary: a key of a later version is passed over") {
    const folder here;
    std::string text = summary_json(example());
    here.write(text.insert(1, "\"later\": {\"a\": [1]},"));
    CHECK(read_summary(here.file()).tokens == 4'096'000);
}

TEST_CASE("summary: the loss is the mean of the last tenth, at least of one step") {
    std::vector<double> losses;
    CHECK(std::isnan(mean_of_last_tenth(losses)));
    losses = {3};
    CHECK(mean_of_last_tenth(losses) == 3);
    losses.assign(10, 9), losses.back() = 2;
    CHECK(mean_of_last_tenth(losses) == 2);
    losses.assign(11, 9), losses[9] = 1, losses[10] = 2;
    CHECK(mean_of_last_tenth(losses) == 1.5);
    losses.assign(100, 9);
    for (int i = 90; i < 100; ++i) losses[i] = i - 90;
    CHECK(mean_of_last_tenth(losses) == 4.5);
}

TEST_CASE("summary: the step time is the median after the first five") {
    CHECK(std::isnan(median_after_first_five({})));
    const double few[] = {5, 1, 3};
    CHECK(median_after_first_five(few) == 3);
    const double many[] = {90, 90, 90, 90, 90, 4, 1, 2, 100};
    CHECK(median_after_first_five(many) == 3);
    CHECK(median_after_first_five(std::span(many).first(8)) == 2);
}

TEST_CASE("summary: the resident peak sees memory that was touched and given back") {
    const std::int64_t before = resident_peak_bytes();
    CHECK(before > 100'000);
    {
        std::vector<char> large(std::size_t(before) + 32'000'000, 'x');
        CHECK(large.back() == 'x');
    }
    CHECK(resident_peak_bytes() >= before + 24'000'000);
}
