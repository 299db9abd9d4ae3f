// SPDX-License-Identifier: MIT
// Which class of Hugging Face's transformers computes what a model of ours computes, how its files
// name and shape the tensors, and where the order of rows differs.
//
// Our names are those of DeepseekV3ForCausalLM. Our rotation turns interleaved pairs (2i, 2i + 1)
// everywhere; Qwen3-MoE and Mixtral turn (i, i + head_dim / 2). The rows of a head's query and key
// projection, and the gains on them, are only renamed by this: sums over a head stay the same.
#pragma once

#include <moe/io/model_shape.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moe::io {

enum class hugging_face_class : std::uint8_t { deepseek_v3, qwen3_moe, mixtral };

constexpr std::string_view architecture_of(hugging_face_class c) {
    constexpr std::string_view names[] = {"DeepseekV3ForCausalLM", "Qwen3MoeForCausalLM",
                                          "MixtralForCausalLM"};
    return names[int(c)];
}
constexpr std::string_view model_type_of(hugging_face_class c) {
    constexpr std::string_view names[] = {"deepseek_v3", "qwen3_moe", "mixtral"};
    return names[int(c)];
}

// How export writes the weights: as they are held, or those of the layers that multiply in e4m3
// under moe::fp8 as codes (io/block_scaled.hpp). Import reads both.
enum class weight_form : std::uint8_t { as_held, e4m3 };

// A moe::error says why where no class can hold the model.
hugging_face_class hugging_face_class_of(const model_shape& shape);

struct hugging_face_tensor {
    std::string ours;  // empty: we have none, and the file's must hold zeros
    std::string theirs;
    std::vector<std::int64_t> shape;
    // Rows come as heads of this many, in interleaved pairs here and in halves there; 0: no
    // difference.
    int head_dim = 0;
    // Of multi-token prediction: no class but DeepSeek's own code reads it. It travels in a file
    // of its own.
    bool further = false;
    bool coded =
        false;  // a layer that multiplies in e4m3 under moe::fp8, the layers at the ends too
};

// Everything that a file of the class holds, in the order of the network.
std::vector<hugging_face_tensor> hugging_face_tensors(const model_shape& shape);

// The modules with matrices that are not coded, as quantization_config in config.json lists them.
std::vector<std::string> modules_not_coded(const model_shape& shape);

// Copies rows, heads of head_dim each: (0, 1, 2, 3, ...) pairs -> (0, 2, ..., 1, 3, ...) halves.
void pairs_to_halves(void* to, const void* from, std::int64_t rows, int head_dim,
                     std::size_t row_bytes);
void halves_to_pairs(void* to, const void* from, std::int64_t rows, int head_dim,
                     std::size_t row_bytes);

}  // namespace moe::io
