// SPDX-License-Identifier: MIT
#include "tests/support/layer_check.hpp"
#include "tests/support/recipes.hpp"

TEST_CASE("a dense block's ways back are its derivative") {
    test::layer_under_test<moe::dense_block<test::tiny>, test::tiny> one({2, 4}, 8, 8, 7);
    one.rotate(2);
    one.check();
}

TEST_CASE("a block names its parameters as published checkpoints do") {
    moe::weights_of<moe::mixture_block<test::tiny>, test::tiny> weights;
    std::string names;
    decltype(weights)::each(
        moe::name("model.layers.3."),
        [&](const moe::name& of_field, auto& field) {
            if constexpr (moe::spec_of<decltype(field)>.count() > 0)
                names += std::string(of_field.member(5).text()) + "\n";
        },
        weights);
    CHECK(names ==
          "model.layers.3.input_layernorm.weight\n"
          "model.layers.3.self_attn.q_a_proj.weight\n"
          "model.layers.3.self_attn.q_a_layernorm.weight\n"
          "model.layers.3.self_attn.q_b_proj.weight\n"
          "model.layers.3.self_attn.kv_a_proj_with_mqa.weight\n"
          "model.layers.3.self_attn.kv_a_layernorm.weight\n"
          "model.layers.3.self_attn.kv_b_proj.weight\n"
          "model.layers.3.self_attn.o_proj.weight\n"
          "model.layers.3.post_attention_layernorm.weight\n"
          "model.layers.3.mlp.gate.weight\n"
          "model.layers.3.mlp.gate.e_score_correction_bias\n"
          "model.layers.3.mlp.experts.5.gate_proj.weight\n"
          "model.layers.3.mlp.experts.5.up_proj.weight\n"
          "model.layers.3.mlp.experts.5.down_proj.weight\n"
          "model.layers.3.mlp.shared_experts.gate_proj.weight\n"
          "model.layers.3.mlp.shared_experts.up_proj.weight\n"
          "model.layers.3.mlp.shared_experts.down_proj.weight\n");
}
