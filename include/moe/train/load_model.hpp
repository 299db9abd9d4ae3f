// SPDX-License-Identifier: MIT
// A saved model of a recipe, ready to score and generate.
#pragma once

#include <moe/io/checkpoint.hpp>
#include <moe/io/tokenizer.hpp>
#include <moe/train/tensors.hpp>

#include <memory>
#include <string>

namespace moe {

template <class Recipe, class On = device_on<Recipe>> struct loaded_model {
    std::unique_ptr<moe::network<Recipe, On>> network;
    io::tokenizer words;
    std::string folder;                 // that was read: of a run its newest good checkpoint
    std::vector<std::string> warnings;  // damaged checkpoints that were passed over
};

// path: a model folder, or a run folder. Refuses a model of another recipe and names the first
// field that differs.
template <class Recipe, class On = device_on<Recipe>>
loaded_model<Recipe, On> load_model(const std::string& path, int threads = 0) {
    const io::good_model found = io::find_model(path);
    if (found.folder.empty())
        throw error(path + ": expected a model folder or a run with a checkpoint");
    io::require_recipe(found, recipe_text<Recipe>());
    loaded_model<Recipe, On> model;
    model.network = std::make_unique<network<Recipe, On>>(
        batch_shape{1, of<Recipe>.model.context},
        network_settings{.threads = threads, .trains = false});
    io::load_weights(found, tensors_of(*model.network));
    model.network->weights_changed();
    if (io::has_attachment(found, "tokenizer.model"))
        model.words = io::tokenizer::from_model(io::load_attachment(found, "tokenizer.model"),
                                                found.folder + "/tokenizer.model");
    model.words.require_fits(of<Recipe>.model.vocab);
    model.folder = found.folder;
    model.warnings = found.warnings;
    return model;
}

}  // namespace moe
