// SPDX-License-Identifier: MIT
// Writes the gradients of all weights, to be compared with those of torch:
//     NAME_gradients MODEL TEXT GRADIENTS.safetensors
// MODEL: a model folder. TEXT: bytes, a multiple of the recipe's context. Each context is a
// sequence whose tokens but the first are predicted; the loss is the mean over all of them.
#pragma once

#include <moe/io/safetensors.hpp>
#include <moe/moe.hpp>
#include <moe/train/load_model.hpp>

#include <cstdio>
#include <cstring>
#include <exception>
#include <vector>

namespace parity {

template <class Recipe> void write_gradients(const char* model, const char* text, const char* to) {
    constexpr int context = moe::of<Recipe>.model.context, length = context - 1;
    static_assert(moe::network<Recipe>::lookahead == 1);
    const auto saved = moe::load_model<Recipe>(model);
    const std::vector<int> tokens = saved.words.encode(moe::io::read_file(text));
    const int sequences = int(tokens.size()) / context;
    if (sequences == 0 || tokens.size() % context != 0)
        throw moe::error(std::string(text) + ": expected whole sequences of " +
                         std::to_string(context) + " tokens, found " +
                         std::to_string(tokens.size()) + " tokens");

    moe::network<Recipe> network({sequences, length}, {});
    moe::io::tensor_list weights = moe::tensors_of(*saved.network);
    const moe::io::tensor_list copies = moe::tensors_of(network);
    for (std::size_t i = 0; i < weights.size(); ++i)
        std::memcpy(copies[i].data, weights[i].data, weights[i].bytes);
    network.weights_changed();
    const double loss =
        network.forward_backward(tokens, length, 1 / (double(sequences) * length), 0);
    network.finish_gradients();

    moe::io::tensor_list list;
    network.each_gradient([&](const moe::name& of, auto values, moe::spec is) {
        list.push_back(
            moe::io::make_tensor(of.text(), values.at, moe::detail::shape_of_tensor(is)));
    });
    double mean = loss / (double(sequences) * length);
    list.push_back(moe::io::make_tensor("loss", &mean, {}));
    moe::io::write_safetensors(to, list);
}

template <class Recipe> int gradients(int count, char** words) {
    if (count != 4) {
        std::fprintf(stderr, "usage: %s MODEL TEXT GRADIENTS.safetensors\n", words[0]);
        return 2;
    }
    try {
        write_gradients<Recipe>(words[1], words[2], words[3]);
        return 0;
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "%s: %s\n", words[0], problem.what());
        return 1;
    }
}

}  // namespace parity
