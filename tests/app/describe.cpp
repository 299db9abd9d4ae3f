// SPDX-License-Identifier: MIT
#include <moe/app/describe.hpp>

#include <tests/support/deepseek.hpp>
#include <tests/support/small.hpp>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>

using test::has;

namespace {
moe::settings settings_of(std::int64_t batch, int grains = 1) {
    moe::settings s;
    s.batch = batch;
    s.grains = grains;
    return s;
}
}  // namespace

TEST_CASE("describe: DeepSeek-V3, which no machine here holds") {
    const moe::description d = moe::describe<test::deepseek_v3>(settings_of(4096));
    const auto json = nlohmann::json::parse(moe::describe_json(d));
    CHECK(json["name"] == "deepseek_v3");
    // Its report: 671 B parameters, 37 B active; the exact number is that of its published weights.
    CHECK(json["parameters"] == 671'026'404'352);
    CHECK(json["parameters_active"].get<double>() == doctest::Approx(37.55e9).epsilon(1e-3));
    const std::int64_t vocabulary = std::int64_t{129280} * 7168;
    CHECK(json["parameters_active"].get<std::int64_t>() -
              json["parameters_active_without_input_embedding"].get<std::int64_t>() ==
          vocabulary);
    CHECK(json["parameters_active"].get<std::int64_t>() -
              json["parameters_active_without_embeddings"].get<std::int64_t>() ==
          2 * vocabulary);
    // 6 a parameter, and 3 x layers x context x heads x (key + value size).
    CHECK(json["train_flop_per_token"].get<std::int64_t>() ==
          6 * json["parameters_active_without_input_embedding"].get<std::int64_t>() +
              std::int64_t{3} * 61 * 4096 * 128 * (192 + 128));
    // The compressed keys and values and the rotated key, in FP32.
    CHECK(json["kv_bytes_per_token"] == 61 * (512 + 64) * 4);
    CHECK(json["instruction_set"] == moe::isa::native::name);
    CHECK(json["recipe"]["attention"] == "mla");
    CHECK(json["recipe"]["ffn.routed"] == 256);
    CHECK(json["recipe"]["routing.scale"] == 2.5);

    const auto& bytes = json["bytes"];
    const double parameters = json["parameters"].get<double>();
    CHECK(bytes["weights"].get<double>() == doctest::Approx(4 * parameters).epsilon(1e-4));
    CHECK(bytes["gradients"].get<double>() == doctest::Approx(4 * parameters).epsilon(1e-4));
    CHECK(bytes["moments"].get<double>() == doctest::Approx(8 * parameters).epsilon(1e-4));
    double sum = 0;
    for (const auto& [role, count] : bytes.items())
        if (role != "total") sum += count.get<double>();
    CHECK(bytes["total"].get<double>() == sum);

    const std::string text = moe::describe_text(d);
    CHECK(has(text, "671 026 404 352"));
    CHECK(has(text, "671 B"));
    CHECK(has(text, "memory for 4096 tokens a step in 1 grain "));
}

TEST_CASE("describe: every key that programs read, every field of the recipe, in both forms") {
    const moe::description d = moe::describe<test::small>(settings_of(256, 2));
    const auto json = nlohmann::ordered_json::parse(moe::describe_json(d));
    for (const char* key : {"parameters", "parameters_active", "train_flop_per_token",
                            "parameters_active_without_input_embedding",
                            "parameters_active_without_embeddings", "kv_bytes_per_token"}) {
        CAPTURE(key);
        CHECK(json[key].is_number_unsigned());
        CHECK(json[key] > 0);
    }
    CHECK(json["batch"] == 256);
    CHECK(json["grains"] == 2);
    const std::string text = moe::describe_text(d);
    std::size_t fields = 0;
    moe::print<test::small>([&](const moe::recipe_field& field) {
        CAPTURE(field.key);
        ++fields;
        CHECK(json["recipe"].contains(std::string(field.key)));
        CHECK(has(text, "\n" + std::string(field.key) + " "));
    });
    CHECK(json["recipe"].size() == fields);
    CHECK(has(text, "memory for 256 tokens a step in 2 grains "));
    for (const char* role : {"weights", "packed", "gradients", "moments", "activations",
                             "workspace", "tables", "total"}) {
        CAPTURE(role);
        CHECK(json["bytes"].contains(role));
        CHECK(has(text, "\n" + std::string(role) + " "));
    }
}

TEST_CASE("describe: the plan is the trainer's, and grows with batch and grains") {
    const auto total = [](std::int64_t batch, int grains) {
        return moe::describe<test::small>(settings_of(batch, grains)).bytes.total();
    };
    CHECK(total(256, 2) == moe::trainer<test::small>::planned_bytes(settings_of(256, 2)));
    CHECK(total(512, 1) > total(256, 1));
    // Half of the activations, and one more gradient.
    const moe::byte_plan one = moe::describe<test::small>(settings_of(512, 1)).bytes;
    const moe::byte_plan two = moe::describe<test::small>(settings_of(512, 2)).bytes;
    CHECK(two.gradients == 2 * one.gradients);
    CHECK(two.activations < one.activations);
    CHECK(two.weights == one.weights);
}

TEST_CASE("describe: a batch that is no number of sequences is a usage error") {
    CHECK_THROWS_AS(moe::describe<test::small>(settings_of(100)), moe::usage_error);
    CHECK_THROWS_AS(moe::describe<test::small>(settings_of(64, 3)), moe::usage_error);
}

TEST_CASE("describe: of several ranks it plans one") {
    struct many : test::small {
        moe::mesh parallel{.data = 4};
    };
    struct sharing : test::small {
        moe::mesh parallel{.data = 4, .zero = 1};
    };
    const auto plan = [](auto recipe) {
        return moe::describe<decltype(recipe)>(settings_of(256, 4)).bytes;
    };
    const moe::byte_plan one = plan(test::small{}), of_many = plan(many{}),
                         of_sharing = plan(sharing{});
    CHECK(of_many.gradients < one.gradients);
    CHECK(of_many.moments == one.moments);
    CHECK(of_sharing.moments < one.moments / 3);
    CHECK(of_sharing.weights == one.weights);
}
