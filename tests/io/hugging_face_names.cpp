// SPDX-License-Identifier: MIT
#include <moe/io/hugging_face_names.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <tests/support/folder.hpp>
#include <tests/support/shapes.hpp>

using moe::io::hugging_face_class;
using moe::io::hugging_face_tensor;
using moe::io::model_shape;
using test::error_of;
using test::has;

TEST_CASE("each small model has its class") {
    CHECK(hugging_face_class_of(test::deepseek_shape()) == hugging_face_class::deepseek_v3);
    CHECK(hugging_face_class_of(test::yarn_shape()) == hugging_face_class::deepseek_v3);
    CHECK(hugging_face_class_of(test::qwen_shape()) == hugging_face_class::qwen3_moe);
    CHECK(hugging_face_class_of(test::mixtral_shape()) == hugging_face_class::mixtral);
    CHECK(architecture_of(hugging_face_class::qwen3_moe) == "Qwen3MoeForCausalLM");
    CHECK(model_type_of(hugging_face_class::mixtral) == "mixtral");
}

TEST_CASE("switches that a class has do not change it") {
    model_shape is = test::deepseek_shape();
    is.shared = 0, is.selection_bias = false, is.renormalise = false, is.tied_embeddings = true;
    is.dense_layers = is.layers, is.mtp_depth = 1;
    CHECK(hugging_face_class_of(is) == hugging_face_class::deepseek_v3);
    is = test::qwen_shape();
    is.renormalise = false, is.groups = 2, is.kept_groups = 2, is.tied_embeddings = true;
    is.rope_scaling = {.factor = 2};
    CHECK(hugging_face_class_of(is) == hugging_face_class::qwen3_moe);
}

TEST_CASE("a model that no class can hold is refused with the reason") {
    const auto reason = [](model_shape is, auto change) {
        change(is);
        return error_of([&] { hugging_face_class_of(is); });
    };
    const model_shape deepseek = test::deepseek_shape(), qwen = test::qwen_shape(),
                      mixtral = test::mixtral_shape();
    CHECK(has(reason(deepseek, [](auto& is) { is.unknown_policy = "routing"; }), "'routing'"));
    CHECK(has(reason(deepseek, [](auto& is) { is.routing = moe::io::routing_kind::softmax; }),
              "sigmoid_top_k"));
    CHECK(has(reason(deepseek, [](auto& is) { is.groups = 8; }), "two best experts"));
    CHECK(has(reason(deepseek, [](auto& is) { is.slot = 1; }), "ffn.slot = 1"));
    CHECK(has(reason(qwen, [](auto& is) { is.routing = moe::io::routing_kind::sigmoid; }),
              "softmax_top_k"));
    CHECK(has(reason(qwen, [](auto& is) { is.groups = 2; }), "keeps 1 groups of 2"));
    CHECK(has(reason(qwen, [](auto& is) { is.scale = 2.5; }), "this one is 2.5"));
    CHECK(has(reason(qwen, [](auto& is) { is.selection_bias = true; }), "selection bias"));
    CHECK(has(reason(qwen, [](auto& is) { is.shared = 1; }), "ffn.shared is 1"));
    CHECK(has(
        reason(qwen,
               [](auto& is) { is.rope_scaling = {.factor = 4, .mscale = 1, .mscale_all_dim = 1}; }),
        "mscale_all_dim"));
    CHECK(has(reason(mixtral, [](auto& is) { is.dense_layers = 1; }), "no dense layers"));
    CHECK(has(reason(mixtral, [](auto& is) { is.renormalise = false; }), "renormalise is false"));
    CHECK(has(reason(mixtral, [](auto& is) { is.scale = 0.5; }), "no Hugging Face class"));
}

namespace {
const hugging_face_tensor* find(const std::vector<hugging_face_tensor>& all,
                                std::string_view theirs) {
    for (const hugging_face_tensor& tensor : all)
        if (tensor.theirs == theirs) return &tensor;
    return nullptr;
}
void expect(const std::vector<hugging_face_tensor>& all, std::string_view theirs,
            std::string_view ours, std::vector<std::int64_t> shape, int head_dim = 0) {
    CAPTURE(theirs);
    const hugging_face_tensor* tensor = find(all, theirs);
    REQUIRE(tensor);
    CHECK(tensor->ours == ours);
    CHECK(tensor->shape == shape);
    CHECK(tensor->head_dim == head_dim);
}
void expect(const std::vector<hugging_face_tensor>& all, std::string_view name,
            std::vector<std::int64_t> shape, int head_dim = 0) {
    expect(all, name, name, std::move(shape), head_dim);
}
}  // namespace

TEST_CASE("DeepSeek's names and shapes") {
    const auto all = hugging_face_tensors(test::deepseek_shape());
    // 2 vocabularies, a norm; 2 norms, 5 of attention a layer; 3 dense; 2 x (gate, bias, 8 experts,
    // shared)
    CHECK(all.size() == 3 + 3 * 7 + 3 + 2 * (2 + 3 * 8 + 3));
    expect(all, "model.embed_tokens.weight", {256, 8});
    expect(all, "lm_head.weight", {256, 8});
    expect(all, "model.norm.weight", {8});
    expect(all, "model.layers.2.input_layernorm.weight", {8});
    expect(all, "model.layers.2.post_attention_layernorm.weight", {8});
    expect(all, "model.layers.0.self_attn.q_proj.weight", {2 * 6, 8});
    expect(all, "model.layers.0.self_attn.kv_a_proj_with_mqa.weight", {6 + 2, 8});
    expect(all, "model.layers.0.self_attn.kv_a_layernorm.weight", {6});
    expect(all, "model.layers.0.self_attn.kv_b_proj.weight", {2 * (4 + 3), 6});
    expect(all, "model.layers.0.self_attn.o_proj.weight", {8, 2 * 3});
    expect(all, "model.layers.0.mlp.up_proj.weight", {7, 8});
    expect(all, "model.layers.1.mlp.gate.weight", {8, 8});
    expect(all, "model.layers.1.mlp.gate.e_score_correction_bias", {8});
    expect(all, "model.layers.2.mlp.experts.7.down_proj.weight", {8, 5});
    expect(all, "model.layers.2.mlp.shared_experts.gate_proj.weight", {10, 8});
    CHECK_FALSE(find(all, "model.layers.0.mlp.gate.weight"));
    CHECK_FALSE(find(all, "model.layers.0.self_attn.q_a_proj.weight"));

    const auto latent = hugging_face_tensors(test::yarn_shape());
    expect(latent, "model.layers.0.self_attn.q_a_proj.weight", {5, 8});
    expect(latent, "model.layers.0.self_attn.q_a_layernorm.weight", {5});
    expect(latent, "model.layers.0.self_attn.q_b_proj.weight", {2 * 6, 5});
    CHECK_FALSE(find(latent, "model.layers.0.self_attn.q_proj.weight"));
    CHECK_FALSE(find(latent, "lm_head.weight"));
}

TEST_CASE("what DeepSeek's class has and a recipe may lack") {
    model_shape is = test::deepseek_shape();
    is.shared = 0, is.selection_bias = false;
    const auto all = hugging_face_tensors(is);
    expect(all, "model.layers.1.mlp.gate.e_score_correction_bias", "", {8});
    expect(all, "model.layers.1.mlp.shared_experts.up_proj.weight", "", {0, 8});
    expect(all, "model.layers.1.mlp.shared_experts.down_proj.weight", "", {8, 0});
}

TEST_CASE("multi-token prediction stands behind the layers") {
    model_shape is = test::deepseek_shape();
    is.mtp_depth = 1;
    const auto all = hugging_face_tensors(is);
    expect(all, "model.layers.3.enorm.weight", {8});
    expect(all, "model.layers.3.hnorm.weight", {8});
    expect(all, "model.layers.3.eh_proj.weight", {8, 16});
    expect(all, "model.layers.3.shared_head.norm.weight", {8});
    expect(all, "model.layers.3.mlp.experts.0.gate_proj.weight", {5, 8});
    for (const hugging_face_tensor& tensor : all)
        CHECK(tensor.further == has(tensor.theirs, "layers.3."));
    is.dense_layers = is.layers;  // then its block is dense, too
    CHECK(find(hugging_face_tensors(is), "model.layers.3.mlp.gate_proj.weight"));
}

TEST_CASE("Qwen's and Mixtral's names and shapes") {
    const auto qwen = hugging_face_tensors(test::qwen_shape());
    CHECK(qwen.size() == 3 + 3 * 8 + 3 + 2 * (1 + 3 * 4));
    expect(qwen, "model.layers.1.self_attn.q_proj.weight", {24, 8}, 6);
    expect(qwen, "model.layers.1.self_attn.k_proj.weight", {12, 8}, 6);
    expect(qwen, "model.layers.1.self_attn.v_proj.weight", {12, 8});
    expect(qwen, "model.layers.1.self_attn.o_proj.weight", {8, 24});
    expect(qwen, "model.layers.1.self_attn.q_norm.weight", {6}, 6);
    expect(qwen, "model.layers.1.self_attn.k_norm.weight", {6}, 6);
    expect(qwen, "model.layers.0.mlp.down_proj.weight", {8, 7});
    expect(qwen, "model.layers.1.mlp.gate.weight", {4, 8});
    expect(qwen, "model.layers.1.mlp.experts.3.up_proj.weight", {5, 8});

    const auto mixtral = hugging_face_tensors(test::mixtral_shape());
    CHECK(mixtral.size() == 3 + 2 * 6 + 2 * (1 + 3 * 4));
    expect(mixtral, "model.layers.0.block_sparse_moe.gate.weight", "model.layers.0.mlp.gate.weight",
           {4, 8});
    const std::string theirs = "model.layers.1.block_sparse_moe.experts.2.",
                      ours = "model.layers.1.mlp.experts.2.";
    expect(mixtral, theirs + "w1.weight", ours + "gate_proj.weight", {5, 8});
    expect(mixtral, theirs + "w2.weight", ours + "down_proj.weight", {8, 5});
    expect(mixtral, theirs + "w3.weight", ours + "up_proj.weight", {5, 8});
}

TEST_CASE("no name stands twice") {
    for (model_shape is :
         {test::deepseek_shape(), test::yarn_shape(), test::qwen_shape(), test::mixtral_shape()}) {
        is.mtp_depth = 1;
        std::set<std::string> theirs, ours;
        int mine = 0;
        for (const hugging_face_tensor& tensor : hugging_face_tensors(is)) {
            CHECK(theirs.insert(tensor.theirs).second);
            if (!tensor.ours.empty()) ours.insert(tensor.ours), ++mine;
        }
        CHECK(int(ours.size()) == mine);
    }
}

TEST_CASE("rows in pairs and rows in halves turn alike") {
    // x in pairs, turned in pairs, then reordered = reordered, then turned in halves.
    constexpr int heads = 3, dim = 10;
    std::vector<double> pairs(heads * dim), halves(heads * dim);
    std::iota(pairs.begin(), pairs.end(), 1.0);
    moe::io::pairs_to_halves(halves.data(), pairs.data(), heads * dim, dim, sizeof(double));
    const auto angle = [](int i) { return 0.3 + 0.7 * i; };
    for (int head = 0; head < heads; ++head)
        for (int i = 0; i < dim / 2; ++i) {
            double* p = pairs.data() + head * dim + 2 * i;
            double* h = halves.data() + head * dim + i;
            for (auto [even, odd] : {std::pair{p, p + 1}, std::pair{h, h + dim / 2}}) {
                const double x = *even, y = *odd, c = std::cos(angle(i)), s = std::sin(angle(i));
                *even = x * c - y * s;
                *odd = y * c + x * s;
            }
        }
    std::vector<double> reordered(heads * dim, NAN);
    moe::io::pairs_to_halves(reordered.data(), pairs.data(), heads * dim, dim, sizeof(double));
    CHECK(reordered == halves);
}

TEST_CASE("reordering there and back gives the same bytes") {
    for (const int dim : {2, 4, 6, 64})
        for (const std::size_t bytes : {1U, 4U, 12U}) {
            std::vector<char> from(3 * std::size_t(dim) * bytes), there(from.size(), 'x'),
                back(from.size(), 'y');
            for (std::size_t i = 0; i < from.size(); ++i)
                from[i] = char(moe::random_bits(1, bytes, i));
            moe::io::pairs_to_halves(there.data(), from.data(), 3 * dim, dim, bytes);
            moe::io::halves_to_pairs(back.data(), there.data(), 3 * dim, dim, bytes);
            CHECK(back == from);
            if (dim > 2) CHECK(there != from);
        }
}
