// SPDX-License-Identifier: MIT
#include <moe/io/hugging_face_config.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <tests/support/folder.hpp>
#include <tests/support/shapes.hpp>

using moe::io::model_shape;
using nlohmann::json;
using test::has;

namespace {

json written(const model_shape& is) { return json::parse(hugging_face_config(is, "float32")); }

// What reading this config.json says; empty when it agrees with the shape.
std::string refusal(const json& config, const model_shape& is) {
    return test::error_of(
        [&] { require_hugging_face_config(config.dump(), "DIR/config.json", is); });
}
std::string changed(const model_shape& is, const char* key, const json& value) {
    json config = written(is);
    config[key] = value;
    return refusal(config, is);
}
std::string without(const model_shape& is, const char* key) {
    json config = written(is);
    config.erase(key);
    return refusal(config, is);
}

const std::vector<model_shape>& shapes() {
    static const std::vector<model_shape> all{test::deepseek_shape(), test::yarn_shape(),
                                              test::qwen_shape(), test::mixtral_shape()};
    return all;
}

}  // namespace

TEST_CASE("what is written agrees with the model it was written for") {
    for (const model_shape& is : shapes()) CHECK(refusal(written(is), is) == "");
}

TEST_CASE("written are the key names of transformers 4") {
    const json deepseek = written(test::deepseek_shape());
    CHECK(deepseek["architectures"] == json::array({"DeepseekV3ForCausalLM"}));
    CHECK(deepseek["model_type"] == "deepseek_v3");
    CHECK(deepseek["torch_dtype"] == "float32");
    CHECK(deepseek["q_lora_rank"].is_null());
    CHECK(deepseek["rope_theta"] == 10000);
    CHECK(deepseek["rope_scaling"].is_null());
    CHECK(deepseek["scoring_func"] == "sigmoid");
    CHECK(deepseek["topk_method"] == "noaux_tc");
    CHECK(deepseek["moe_layer_freq"] == 1);
    CHECK(deepseek["num_nextn_predict_layers"] == 0);
    CHECK(deepseek["max_position_embeddings"] == 32);
    CHECK(deepseek["eos_token_id"].is_null());
    CHECK_FALSE(deepseek.contains("rope_parameters"));
    CHECK_FALSE(deepseek.contains("dtype"));
    CHECK(written(test::qwen_shape())["num_experts"] == 4);
    CHECK(written(test::qwen_shape())["mlp_only_layers"] == json::array({0}));
    CHECK(written(test::mixtral_shape())["num_local_experts"] == 4);
    const json yarn = written(test::yarn_shape());
    CHECK(yarn["rope_scaling"]["type"] == "yarn");
    CHECK(yarn["rope_scaling"]["mscale_all_dim"] == 1);
    CHECK(yarn["max_position_embeddings"] == 64);
    CHECK(yarn["q_lora_rank"] == 5);
}

TEST_CASE("each number stands under its key") {
    const auto part = [](const model_shape& is, std::initializer_list<const char*> keys) {
        const json config = written(is);
        std::vector<double> numbers;
        for (const char* key : keys) numbers.push_back(config.at(key).get<double>());
        return numbers;
    };
    using numbers = std::vector<double>;
    CHECK(part(test::deepseek_shape(),
               {"vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
                "num_key_value_heads", "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim",
                "v_head_dim", "first_k_dense_replace", "intermediate_size"}) ==
          numbers{256, 8, 3, 2, 2, 6, 4, 2, 3, 1, 7});
    CHECK(part(test::deepseek_shape(), {"moe_intermediate_size", "n_routed_experts",
                                        "n_shared_experts", "num_experts_per_tok", "n_group",
                                        "topk_group", "routed_scaling_factor", "rms_norm_eps"}) ==
          numbers{5, 8, 2, 3, 4, 2, 2.5, 1e-6});
    CHECK(part(test::qwen_shape(),
               {"num_attention_heads", "num_key_value_heads", "head_dim", "intermediate_size",
                "moe_intermediate_size", "num_experts", "num_experts_per_tok", "rope_theta"}) ==
          numbers{4, 2, 6, 7, 5, 4, 2, 1e6});
    CHECK(part(test::mixtral_shape(),
               {"num_attention_heads", "num_key_value_heads", "head_dim", "intermediate_size",
                "num_local_experts", "num_experts_per_tok"}) == numbers{4, 2, 4, 5, 4, 2});
    const json yarn = written(test::yarn_shape());
    CHECK(yarn["rms_norm_eps"] == 1e-5);
    CHECK(yarn["norm_topk_prob"] == false);
    CHECK(yarn["tie_word_embeddings"] == true);
    CHECK(yarn["rope_scaling"] == json{{"type", "yarn"},
                                       {"rope_type", "yarn"},
                                       {"factor", 4.0},
                                       {"beta_fast", 8.0},
                                       {"beta_slow", 0.5},
                                       {"original_max_position_embeddings", 16},
                                       {"mscale", 0.707},
                                       {"mscale_all_dim", 1.0}});
}

TEST_CASE("every field that changes the function is compared, and named") {
    const std::vector<const char*> unimportant{"architectures",
                                               "torch_dtype",
                                               "num_nextn_predict_layers",
                                               "initializer_range",
                                               "attention_dropout",
                                               "use_cache",
                                               "output_router_logits",
                                               "bos_token_id",
                                               "eos_token_id",
                                               "pad_token_id",
                                               "decoder_sparse_step",
                                               "mlp_only_layers",
                                               "max_position_embeddings",
                                               "rope_scaling",
                                               "intermediate_size"};
    int compared = 0;
    for (const model_shape& is : shapes()) {
        const json config = written(is);
        for (const auto& item : config.items()) {
            const std::string key = item.key();
            const json& value = item.value();
            CAPTURE(key);
            bool matters = true;
            for (const char* name : unimportant) matters = matters && key != name;
            if (!matters) continue;
            const json other = value.is_boolean()  ? json(!value.get<bool>())
                               : value.is_number() ? json(value.get<double>() + 1)
                               : value.is_string() ? json("other")
                                                   : json(3);
            const std::string said = changed(is, key.c_str(), other);
            CHECK(has(said, "DIR/config.json: " + key + " is "));
            ++compared;
        }
    }
    CHECK(compared > 60);
}

TEST_CASE("the message says what stands there, what is wanted, and whose field it is") {
    const model_shape deepseek = test::deepseek_shape();
    CHECK(changed(deepseek, "num_experts_per_tok", 8) ==
          "DIR/config.json: num_experts_per_tok is 8, but the recipe's routing.active makes it 3");
    CHECK(changed(deepseek, "hidden_act", "gelu") ==
          "DIR/config.json: hidden_act is \"gelu\", expected \"silu\"");
    CHECK(without(deepseek, "n_group") ==
          "DIR/config.json: n_group is missing, which stands for 8, but the recipe's "
          "routing.groups makes it 4");
    CHECK(changed(deepseek, "q_lora_rank", 0) ==
          "DIR/config.json: q_lora_rank is 0, but the recipe's attention.q_rank makes it null");
    CHECK(
        changed(deepseek, "rope_theta", 50000) ==
        "DIR/config.json: rope_theta is 50000, but the recipe's model.rope_base makes it 10000.0");
    CHECK(has(without(deepseek, "model_type"), "model_type is missing"));
    CHECK(has(refusal(json::array(), deepseek), "expected a JSON object"));
    CHECK(has(test::error_of([&] { require_hugging_face_config("{", "FILE", deepseek); }), "FILE"));
    CHECK(has(changed(deepseek, "quantization_config", {{"quant_method", "fp8"}}),
              "quantization_config is {"));
    CHECK(has(changed(deepseek, "attention_bias", true), "attention_bias is true"));
    CHECK(has(changed(deepseek, "is_causal", false), "is_causal is false"));
    CHECK(changed(deepseek, "is_causal", true) == "");
    CHECK(has(changed(test::qwen_shape(), "use_sliding_window", true), "use_sliding_window"));
    CHECK(has(changed(test::mixtral_shape(), "sliding_window", 16), "sliding_window is 16"));
    CHECK(has(changed(test::qwen_shape(), "partial_rotary_factor", 0.5), "partial_rotary_factor"));
    CHECK(has(changed(test::qwen_shape(), "layer_types", {"full_attention", "sliding_attention"}),
              "layer_types holds \"sliding_attention\""));
    CHECK(has(changed(deepseek, "max_position_embeddings", 31), "max_position_embeddings is 31"));
    CHECK(has(changed(deepseek, "head_dim", 6), "head_dim is 6"));
}

TEST_CASE("the first that differs is the one named") {
    json config = written(test::deepseek_shape());
    config["n_group"] = 2;
    config["hidden_size"] = 9;
    config["routed_scaling_factor"] = 1;
    CHECK(has(refusal(config, test::deepseek_shape()), "hidden_size is 9"));
}

TEST_CASE("a missing key counts as what transformers takes for it") {
    model_shape is = test::deepseek_shape();
    CHECK(without(is, "rope_interleave") == "");
    CHECK(without(is, "scoring_func") == "");
    CHECK(without(is, "attention_bias") == "");
    CHECK(without(is, "tie_word_embeddings") == "");
    CHECK(without(is, "norm_topk_prob") == "");
    CHECK(has(without(is, "q_lora_rank"), "stands for 1536"));
    CHECK(has(without(is, "first_k_dense_replace"), "stands for 3"));
    CHECK(has(without(test::qwen_shape(), "norm_topk_prob"), "stands for false"));
    CHECK(has(without(test::qwen_shape(), "head_dim"), "stands for 2"));  // hidden / heads
    CHECK(has(without(test::qwen_shape(), "rope_theta"), "stands for 1"));
    CHECK(without(test::deepseek_shape(), "rope_theta") == "");
    CHECK(without(test::mixtral_shape(), "rope_theta") == "");  // a million there, as in its shape
    is = test::mixtral_shape();
    is.rope_base = 1e4;
    CHECK(has(without(is, "rope_theta"), "rope_theta is missing, which stands for 1000000"));
    is = test::mixtral_shape();
    is.head_dim = is.hidden / is.heads;
    CHECK(without(is, "head_dim") == "");
    CHECK(changed(is, "head_dim", nullptr) == "");
    is.kv_heads = is.heads;
    CHECK(changed(is, "num_key_value_heads", nullptr) == "");
    CHECK(has(changed(test::mixtral_shape(), "num_key_value_heads", nullptr), "is null"));
}

TEST_CASE("what the recipe does not use is not compared") {
    model_shape is = test::deepseek_shape();
    is.dense_layers = 0;
    CHECK(changed(is, "intermediate_size", 99) == "");
    is.dense_layers = is.layers;
    CHECK(changed(is, "n_routed_experts", 99) == "");
    CHECK(has(changed(is, "intermediate_size", 99), "intermediate_size is 99"));
    CHECK(changed(is, "num_nextn_predict_layers", 1) == "");
    CHECK(changed(is, "a_key_nobody_knows", 1) == "");
}

TEST_CASE("the spellings of transformers 5") {
    json config = written(test::deepseek_shape());
    config.erase("rope_theta");
    config.erase("rope_scaling");
    config.erase("n_routed_experts");
    config["num_local_experts"] = 8;
    config["dtype"] = "float32";
    config["qk_head_dim"] = 6;
    config["head_dim"] = 2;
    config["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 10000.0}};
    CHECK(refusal(config, test::deepseek_shape()) == "");
    config["rope_parameters"]["rope_theta"] = 500;
    CHECK(has(refusal(config, test::deepseek_shape()), "rope_parameters.rope_theta is 500"));
    config["rope_parameters"] = {{"rope_type", "linear"}, {"factor", 2}, {"rope_theta", 10000.0}};
    CHECK(has(refusal(config, test::deepseek_shape()), "rope_parameters.rope_type is \"linear\""));
    config["rope_parameters"] = nullptr;
    CHECK(refusal(config, test::deepseek_shape()) == "");
    config["num_local_experts"] = 9;
    CHECK(has(refusal(config, test::deepseek_shape()), "num_local_experts is 9"));
    config["n_routed_experts"] = 8;
    CHECK(has(refusal(config, test::deepseek_shape()), "expected the same"));

    json qwen = written(test::qwen_shape());
    qwen.erase("num_experts");
    CHECK(has(refusal(qwen, test::qwen_shape()), "num_experts is missing"));
    qwen["num_local_experts"] = 4;
    CHECK(refusal(qwen, test::qwen_shape()) == "");
    json mixtral = written(test::mixtral_shape());
    mixtral.erase("num_local_experts");
    mixtral["num_experts"] = 4;
    CHECK(refusal(mixtral, test::mixtral_shape()) == "");
}

TEST_CASE("dense layers of Qwen, by list or by step") {
    model_shape is = test::qwen_shape();
    CHECK(has(changed(is, "mlp_only_layers", {1}), "mlp_only_layers is [1]"));
    CHECK(has(changed(is, "mlp_only_layers", json::array()), "layers [] are dense"));
    CHECK(has(without(is, "mlp_only_layers"), "mlp_only_layers is []"));
    CHECK(has(changed(is, "decoder_sparse_step", 2), "decoder_sparse_step is 2"));
    CHECK(without(is, "decoder_sparse_step") == "");
    is.layers = 2;  // of 2 layers, every second is sparse: the first is dense
    json config = written(is);
    config["decoder_sparse_step"] = 2;
    config.erase("mlp_only_layers");
    CHECK(refusal(config, is) == "");
}

TEST_CASE("YaRN's numbers, in both spellings") {
    const model_shape is = test::yarn_shape();
    const json config = written(is);
    for (const char* key : {"factor", "beta_fast", "beta_slow", "original_max_position_embeddings",
                            "mscale", "mscale_all_dim"}) {
        json other = config;
        other["rope_scaling"][key] = other["rope_scaling"][key].get<double>() + 1;
        CHECK(has(refusal(other, is), std::string("rope_scaling.") + key + " is "));
    }
    json other = config;
    other["rope_scaling"]["rope_theta"] = 3.0;  // inside comes before outside
    CHECK(has(refusal(other, is), "rope_scaling.rope_theta is 3.0"));
    other = config;
    other["rope_parameters"] = other["rope_scaling"];
    other["rope_parameters"]["rope_theta"] = is.rope_base;
    other.erase("rope_scaling");
    other.erase("rope_theta");
    other["rope_parameters"].erase("type");
    CHECK(refusal(other, is) == "");
    other["rope_parameters"]["truncate"] = false;
    CHECK(has(refusal(other, is), "rope_parameters.truncate is false"));
    other = config;
    other["rope_scaling"].erase("rope_type");
    CHECK(refusal(other, is) == "");
    other["rope_scaling"]["type"] = "linear";
    CHECK(has(refusal(other, is), "rope_scaling.type is \"linear\""));
    other = config;
    other["rope_scaling"] = nullptr;
    CHECK(has(refusal(other, is), "rope_type is \"default\""));
    // Derived where they are missing: 64 positions, 16 originally.
    other = config;
    other["rope_scaling"]["factor"] = nullptr;
    CHECK(refusal(other, is) == "");
    other["max_position_embeddings"] = 48;
    CHECK(has(refusal(other, is), "rope_scaling.factor is null"));
    other = config;
    other["rope_scaling"].erase("original_max_position_embeddings");
    CHECK(has(refusal(other, is), "original_max_position_embeddings is missing"));
    other["original_max_position_embeddings"] = 16;
    CHECK(refusal(other, is) == "");
    // The table's factor may be said outright.
    other = config;
    other["rope_scaling"]["attention_factor"] = is.rope_scaling.table_factor();
    CHECK(refusal(other, is) == "");
    other["rope_scaling"]["attention_factor"] = 1.0;
    CHECK(has(refusal(other, is), "attention_factor is 1.0"));
    // A model without YaRN takes none.
    model_shape plain = is;
    plain.rope_scaling = {};
    CHECK(has(refusal(config, plain), "rope_scaling.rope_type is \"yarn\""));
}

TEST_CASE("a config of another class is refused") {
    CHECK(has(refusal(written(test::mixtral_shape()), test::qwen_shape()),
              "model_type is \"mixtral\""));
    CHECK(has(refusal(written(test::deepseek_shape()), test::mixtral_shape()),
              "model_type is \"deepseek_v3\""));
}
