// SPDX-License-Identifier: MIT
// NAME describe: what a recipe is, counts and costs, at once for a recipe of any size.
#pragma once

#include <moe/io/json.hpp>
#include <moe/recipe/count.hpp>
#include <moe/recipe/print.hpp>
#include <moe/train/trainer.hpp>

#include <string>
#include <vector>

namespace moe {

struct described_field {
    std::string key, value;
    bool quoted;  // in JSON
};

// The numbers that describe prints, without templates from here on.
struct description {
    std::string recipe, instruction_set;
    std::vector<described_field> fields;
    std::int64_t parameters = 0, parameters_active = 0;
    std::int64_t parameters_active_without_input_embedding = 0;
    std::int64_t parameters_active_without_embeddings = 0;
    std::int64_t train_flop_per_token = 0, kv_bytes_per_token = 0;
    std::int64_t batch = 0, grains = 0;
    byte_plan bytes;
};

std::string describe_text(const description&);
std::string describe_json(const description&);

template <class Recipe, class On = device_on<Recipe>> description describe(const settings& s) {
    using counts = count<Recipe>;
    description d;
    d.recipe = std::string(type_name<Recipe>());
    if constexpr (requires { On::instructions::name; }) d.instruction_set = On::instructions::name;
    d.parameters = counts::parameters;
    d.parameters_active = counts::parameters_active;
    d.parameters_active_without_input_embedding = counts::parameters_active_without_input_embedding;
    d.parameters_active_without_embeddings = counts::parameters_active_without_embeddings;
    d.train_flop_per_token = counts::train_flop_per_token;
    d.kv_bytes_per_token = counts::kv_bytes_per_token(int(sizeof(activation_of<Recipe>)));
    print<Recipe>([&](const recipe_field& field) {
        d.fields.push_back({std::string(field.key), std::string(field.value), field.quoted});
    });
    const batch_plan batch = batch_plan::of_settings<Recipe>(s);
    d.batch = s.batch;
    d.grains = s.grains;
    // Of the last rank, which holds as much as any.
    constexpr int ranks = ranks_of(of<Recipe>.parallel);
    d.bytes = network<Recipe, On>::planned({batch.largest(), of<Recipe>.model.context},
                                           batch.of_rank(ranks, ranks - 1, 0));
    d.bytes.moments =
        optimizer<Recipe, On>::planned_bytes(trainer<Recipe, On>::share_of(ranks, ranks - 1));
    return d;
}

}  // namespace moe
