// SPDX-License-Identifier: MIT
// The fields of config.json, for io/hugging_face_config.part.hpp. Keys, defaults and meaning:
// transformers 5.23, configuration_{deepseek_v3,qwen3_moe,mixtral}.py.
#pragma once

#include <moe/io/hugging_face_names.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace moe::detail {

using json = nlohmann::json;

struct config_field {
    const char* key;
    json wanted;
    json missing;           // what a missing key stands for
    std::string source;     // the recipe's field that 'wanted' comes from; empty: it is always so
    const char* also = "";  // another spelling of the key
    json null = {};         // what null stands for
    bool written = true;
    bool compared = true;
};

inline bool same_value(const json& a, const json& b) {
    if (a.is_number() && b.is_number()) return a.get<double>() == b.get<double>();
    return a.type() == b.type() && a == b;
}

// What all classes have.
inline std::vector<config_field> common_fields(const io::model_shape& is, int vocab, int hidden,
                                               int layers, int heads, double epsilon) {
    return {
        {"vocab_size", is.vocab, vocab, "model.vocab"},
        {"hidden_size", is.hidden, hidden, "model.hidden"},
        {"num_hidden_layers", is.layers, layers, "model.layers"},
        {"num_attention_heads", is.heads, heads, "attention.heads"},
        {"hidden_act", "silu", "silu", ""},
        {"rms_norm_eps", is.norm_epsilon, epsilon, "model.norm_epsilon"},
        {"tie_word_embeddings", is.tied_embeddings, false, "model.tied_embeddings"},
        {"attention_bias", false, false, ""},
        {"is_causal", true, true, "", "", true, false},
    };
}

inline std::vector<config_field> deepseek_fields(const io::model_shape& is) {
    const bool dense = is.dense_layers > 0, routed = is.dense_layers < is.layers;
    const int dense_width = dense ? is.dense_intermediate : is.intermediate;
    const json q_rank = is.q_rank > 0 ? json(is.q_rank) : json(nullptr);
    const int key_dim = is.nope_dim + is.rope_dim;
    return {
        {"num_key_value_heads", is.heads, 128, "attention.heads", "", is.heads},
        {"q_lora_rank", q_rank, 1536, "attention.q_rank"},
        {"kv_lora_rank", is.kv_rank, 512, "attention.kv_rank"},
        {"qk_nope_head_dim", is.nope_dim, 128, "attention.nope_dim"},
        {"qk_rope_head_dim", is.rope_dim, 64, "attention.rope_dim"},
        {"v_head_dim", is.value_dim, 128, "attention.value_dim"},
        // Derived; files of transformers 5 say them all the same.
        {"qk_head_dim", key_dim, key_dim, "attention.nope_dim + rope_dim", "", {}, false},
        {"head_dim", is.rope_dim, is.rope_dim, "attention.rope_dim", "", {}, false},
        {"rope_interleave", true, true, ""},
        {"first_k_dense_replace", is.dense_layers, 3, "ffn.dense_layers"},
        {"intermediate_size", dense_width, 18432, "ffn.dense_intermediate", "", {}, true, dense},
        {"moe_intermediate_size", is.intermediate, 2048, "ffn.intermediate", "", {}, true, routed},
        {"n_routed_experts", is.routed, 256, "ffn.routed", "num_local_experts", {}, true, routed},
        {"n_shared_experts", is.shared, 1, "ffn.shared", "", 0, true, routed},
        {"num_experts_per_tok", is.active, 8, "routing.active"},
        {"n_group", is.groups, 8, "routing.groups"},
        {"topk_group", is.kept_groups, 4, "routing.kept_groups"},
        {"norm_topk_prob", is.renormalise, true, "routing.renormalise", "", false},
        {"routed_scaling_factor", is.scale, 2.5, "routing.scale"},
        {"scoring_func", "sigmoid", "sigmoid", ""},
        {"topk_method", "noaux_tc", "noaux_tc", ""},
        {"moe_layer_freq", 1, 1, ""},
    };
}

inline std::vector<config_field> qwen_fields(const io::model_shape& is) {
    const bool dense = is.dense_layers > 0, routed = is.dense_layers < is.layers;
    const int dense_width = dense ? is.dense_intermediate : is.intermediate;
    const int derived = is.heads > 0 ? is.hidden / is.heads : 0;
    return {
        {"num_key_value_heads", is.kv_heads, 4, "attention.kv_heads", "", is.heads},
        {"head_dim", is.head_dim, derived, "attention.head_dim", "", derived},
        {"use_sliding_window", false, false, ""},
        {"intermediate_size", dense_width, 6144, "ffn.dense_intermediate", "", {}, true, dense},
        {"moe_intermediate_size", is.intermediate, 768, "ffn.intermediate", "", {}, true, routed},
        {"num_experts", is.routed, 128, "ffn.routed", "num_local_experts", {}, true, routed},
        {"num_experts_per_tok", is.active, 8, "routing.active"},
        {"norm_topk_prob", is.renormalise, false, "routing.renormalise"},
    };
}

inline std::vector<config_field> mixtral_fields(const io::model_shape& is) {
    const int derived = is.heads > 0 ? is.hidden / is.heads : 0;
    return {
        {"num_key_value_heads", is.kv_heads, 8, "attention.kv_heads", "", is.heads},
        {"head_dim", is.head_dim, derived, "attention.head_dim", "", derived},
        {"sliding_window", nullptr, nullptr, ""},
        {"intermediate_size", is.intermediate, 14336, "ffn.intermediate"},
        {"num_local_experts", is.routed, 8, "ffn.routed", "num_experts"},
        {"num_experts_per_tok", is.active, 2, "routing.active"},
    };
}

inline std::vector<config_field> fields_of(const io::model_shape& is, io::hugging_face_class of) {
    using enum io::hugging_face_class;
    auto fields = of == deepseek_v3 ? common_fields(is, 129280, 7168, 61, 128, 1e-6)
                  : of == qwen3_moe ? common_fields(is, 151936, 2048, 24, 32, 1e-6)
                                    : common_fields(is, 32000, 4096, 32, 32, 1e-5);
    const auto own = of == deepseek_v3 ? deepseek_fields(is)
                     : of == qwen3_moe ? qwen_fields(is)
                                       : mixtral_fields(is);
    fields.insert(fields.end(), own.begin(), own.end());
    return fields;
}

inline std::vector<int> dense_layers_of(const io::model_shape& is) {
    std::vector<int> layers;
    for (int layer = 0; layer < is.layers && layer < is.dense_layers; ++layer)
        layers.push_back(layer);
    return layers;
}

// The longest text that the rotation is made for.
inline std::int64_t positions_of(const io::model_shape& is) {
    const yarn& scaling = is.rope_scaling;
    const double stretched = scaling.factor <= 1 ? 0 : scaling.factor * scaling.original_length;
    return std::max(std::int64_t{is.context}, std::int64_t(std::ceil(stretched)));
}

}  // namespace moe::detail
