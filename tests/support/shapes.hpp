// SPDX-License-Identifier: MIT
// Small models in the shape of each Hugging Face class that we exchange with, and weights for them.
#pragma once

#include <moe/core/error.hpp>
#include <moe/core/random.hpp>
#include <moe/io/hugging_face_names.hpp>
#include <moe/io/model_shape.hpp>
#include <moe/io/tensor_list.hpp>

#include <string>
#include <vector>

namespace test {

inline moe::io::model_shape deepseek_shape() {
    moe::io::model_shape is;
    is.vocab = 256, is.context = 32, is.layers = 3, is.hidden = 8;
    is.heads = 2, is.kv_rank = 6, is.nope_dim = 4, is.rope_dim = 2, is.value_dim = 3;
    is.routed = 8, is.shared = 2, is.intermediate = 5, is.dense_layers = 1;
    is.dense_intermediate = 7;
    is.active = 3, is.groups = 4, is.kept_groups = 2, is.scale = 2.5, is.selection_bias = true;
    return is;
}
inline moe::io::model_shape qwen_shape() {
    moe::io::model_shape is;
    is.vocab = 256, is.context = 32, is.layers = 3, is.hidden = 8, is.rope_base = 1e6;
    is.attention = moe::io::attention_kind::grouped;
    is.heads = 4, is.kv_heads = 2, is.head_dim = 6, is.qk_norm = true;
    is.routed = 4, is.intermediate = 5, is.dense_layers = 1, is.dense_intermediate = 7;
    is.routing = moe::io::routing_kind::softmax, is.active = 2;
    return is;
}
inline moe::io::model_shape mixtral_shape() {
    moe::io::model_shape is = qwen_shape();
    is.layers = 2, is.qk_norm = false, is.dense_layers = 0, is.dense_intermediate = 0;
    is.head_dim = 4;
    return is;
}
inline moe::io::model_shape yarn_shape() {
    moe::io::model_shape is = deepseek_shape();
    is.q_rank = 5, is.tied_embeddings = true, is.norm_epsilon = 1e-5, is.renormalise = false;
    is.rope_scaling = {.factor = 4,
                       .beta_fast = 8,
                       .beta_slow = 0.5,
                       .original_length = 16,
                       .mscale = 0.707,
                       .mscale_all_dim = 1};
    return is;
}

// The tensors of a model by our names, with memory.
struct weights {
    moe::io::tensor_list list;
    std::vector<std::vector<float>> memory;

    explicit weights(const moe::io::model_shape& shape) {
        for (const moe::io::hugging_face_tensor& tensor : hugging_face_tensors(shape)) {
            if (tensor.ours.empty()) continue;
            std::size_t count = 1;
            for (const std::int64_t extent : tensor.shape) count *= std::size_t(extent);
            memory.emplace_back(count);
            list.push_back(moe::io::make_tensor(tensor.ours, memory.back().data(), tensor.shape));
        }
    }
    void fill(std::uint64_t seed) {
        for (std::size_t i = 0; i < memory.size(); ++i)
            for (std::size_t j = 0; j < memory[i].size(); ++j)
                memory[i][j] = moe::random_normal(seed, i, j);
    }
    std::vector<float>& operator[](std::string_view name) {
        for (std::size_t i = 0; i < list.size(); ++i)
            if (list[i].name == name) return memory[i];
        throw moe::error("no tensor of this name");
    }
};

}  // namespace test
