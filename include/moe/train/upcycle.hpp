// SPDX-License-Identifier: MIT
// Upcycling: a dense model becomes a mixture that computes the same, to begin with (Komatsuzaki et
// al., "Sparse upcycling", 2022). Two ways, told apart by the mixture's sizes
// (recipe/upcycles.hpp):
//   the shared experts are the dense layer, and the routed ones are its slices, one after the
//   other, with zero output matrices: the same bits
//   every routed expert is a copy of the dense layer, and the weights of the chosen ones sum to 1:
//   the same function but for rounding
// The router is random.
#pragma once

#include <moe/io/checkpoint.hpp>
#include <moe/io/safetensors.hpp>
#include <moe/io/tokenizer.hpp>
#include <moe/recipe/upcycles.hpp>
#include <moe/train/tensors.hpp>

#include <cstring>
#include <string>
#include <vector>

namespace moe {

namespace detail {

// "....mlp.experts.3.up_proj.weight": what stands before the experts, which one, what behind.
struct upcycled_name {
    std::string dense;  // the tensor of the dense layer
    int expert = -1;    // -1: of the shared ones
    bool is_down = false;

    static bool parse(const std::string& name, upcycled_name& result) {
        const std::string_view routed = ".mlp.experts.", shared = ".mlp.shared_experts.";
        const std::size_t at = name.find(routed), beside = name.find(shared);
        if (at == std::string::npos && beside == std::string::npos) return false;
        std::size_t tail = beside + shared.size();
        result.expert = -1;
        if (at != std::string::npos) {
            tail = at + routed.size();
            result.expert = std::stoi(name.substr(tail));
            tail = name.find('.', tail) + 1;
        }
        result.dense = name.substr(0, std::min(at, beside)) + ".mlp." + name.substr(tail);
        result.is_down = name.compare(tail, 10, "down_proj.") == 0;
        return true;
    }
};

}  // namespace detail

// Reads a model of From, writes one of To, which says 'using upcycles = From;'.
template <class From, class To, class On = device_on<To>>
io::saved_checkpoint upcycle(const std::string& model, const std::string& to,
                             std::uint64_t seed = 1) {
    static_assert(upcycling<To> && checked<To>());
    static_assert(std::is_same_v<From, typename To::upcycles>,
                  "moe: upcycle<From, To> needs a To that says 'using upcycles = From;'");
    constexpr bool copies = of<To>.ffn.shared == 0;
    constexpr int width = of<To>.ffn.intermediate, slices = of<From>.ffn.dense_intermediate / width;
    const io::good_model from = io::find_model(model);
    io::require_recipe(from, recipe_text<From>());
    const io::tensor_source source(io::join(from.folder, "model.safetensors"));

    network<To, On> network({1, of<To>.model.context}, {.threads = 1, .trains = false});
    network.start(seed);
    const io::tensor_list tensors = tensors_of(network);
    for (const io::named_tensor& one : tensors) {
        std::size_t at = source.find(one.name);
        if (at != source.none) {
            source.read(at, one.format, one.data, one.bytes);
            continue;
        }
        detail::upcycled_name wanted;
        if (!detail::upcycled_name::parse(one.name, wanted)) continue;  // the router
        at = source.find(wanted.dense);
        if (at == source.none)
            throw error(source.path() + ": tensor " + wanted.dense + " is missing");
        if (wanted.is_down && wanted.expert >= 0 && !copies) {
            std::memset(one.data, 0, one.bytes);
            continue;
        }
        // Rows of the dense layer, as many as the expert has.
        const int slice = wanted.expert < 0 || copies ? 0 : wanted.expert % slices;
        std::vector<char> all(source[at].bytes());
        source.read(at, one.format, all.data(), all.size());
        std::memcpy(one.data, all.data() + std::size_t(slice) * one.bytes, one.bytes);
    }
    io::snapshot what;
    what.recipe = recipe_text<To>();
    what.settings = {{"upcycled from", from.folder}};
    what.model = tensors;
    if (io::has_attachment(from, "tokenizer.model"))
        what.attachments.push_back(
            {"tokenizer.model", io::load_attachment(from, "tokenizer.model")});
    return io::save_model(to, what);
}

}  // namespace moe
