// SPDX-License-Identifier: MIT
#include <moe/recipe/checked.hpp>
#include <moe/recipe/count.hpp>

#include <doctest/doctest.h>

#include <tests/support/deepseek.hpp>

#include <cstdint>
#include <cstdio>
#include <string>

using moe::count;

namespace {

// Every tensor of a model one by one, as a checkpoint of DeepSeek or Qwen lists them: what the
// counts must come to. 'experts' routed experts in each layer that has any.
template <class Recipe> std::int64_t listed(int experts, bool input_embedding, bool head) {
    constexpr auto model = moe::of<Recipe>.model;
    constexpr auto a = moe::of<Recipe>.attention;
    constexpr auto ffn = moe::of<Recipe>.ffn;
    std::int64_t total = 0;
    const auto matrix = [&](std::int64_t out, std::int64_t in) { total += out * in; };
    const auto gain = [&](std::int64_t width) { total += width; };
    const auto block = [&](bool dense) {
        gain(model.hidden);  // input_layernorm
        if constexpr (requires { a.kv_rank; }) {
            if (a.q_rank > 0) {
                matrix(a.q_rank, model.hidden);                         // q_a_proj
                gain(a.q_rank);                                         // q_a_layernorm
                matrix(a.heads * (a.nope_dim + a.rope_dim), a.q_rank);  // q_b_proj
            } else {
                matrix(a.heads * (a.nope_dim + a.rope_dim), model.hidden);  // q_proj
            }
            matrix(a.kv_rank + a.rope_dim, model.hidden);             // kv_a_proj_with_mqa
            gain(a.kv_rank);                                          // kv_a_layernorm
            matrix(a.heads * (a.nope_dim + a.value_dim), a.kv_rank);  // kv_b_proj
            matrix(model.hidden, a.heads * a.value_dim);              // o_proj
        } else {
            matrix(a.heads * a.head_dim, model.hidden);     // q_proj
            matrix(a.kv_heads * a.head_dim, model.hidden);  // k_proj
            matrix(a.kv_heads * a.head_dim, model.hidden);  // v_proj
            if (a.qk_norm) gain(a.head_dim);                // q_norm
            if (a.qk_norm) gain(a.head_dim);                // k_norm
            matrix(model.hidden, a.heads * a.head_dim);     // o_proj
        }
        gain(model.hidden);  // post_attention_layernorm
        const auto swiglu = [&](int width) {
            matrix(width, model.hidden);  // gate_proj
            matrix(width, model.hidden);  // up_proj
            matrix(model.hidden, width);  // down_proj
        };
        if (dense) return swiglu(ffn.dense_intermediate);
        matrix(ffn.routed, model.hidden);  // gate
        for (int e = 0; e < experts; ++e) swiglu(ffn.intermediate);
        if (ffn.shared > 0) swiglu(ffn.shared * ffn.intermediate);
    };
    if (input_embedding) matrix(model.vocab, model.hidden);  // embed_tokens
    for (int layer = 0; layer < model.layers; ++layer) block(layer < ffn.dense_layers);
    gain(model.hidden);                           // norm
    if (head) matrix(model.vocab, model.hidden);  // lm_head
    return total;
}

template <class Recipe> void agrees_with_the_list() {
    using is = count<Recipe>;
    constexpr int routed = moe::of<Recipe>.ffn.routed, active = moe::of<Recipe>.routing.active;
    const bool tied = moe::of<Recipe>.model.tied_embeddings;
    CHECK(is::parameters - is::mtp_parameters == listed<Recipe>(routed, !tied, true));
    CHECK(is::parameters_active == listed<Recipe>(active, !tied, true));
    CHECK(is::parameters_active_without_input_embedding == listed<Recipe>(active, false, true));
    CHECK(is::parameters_active_without_embeddings == listed<Recipe>(active, false, false));
}

// Rounded to a number of decimals, as papers print numbers.
std::string in(double unit, int decimals, std::int64_t value) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", decimals, double(value) / unit);
    return text;
}
constexpr double billion = 1e9;

struct tied : test::deepseek_v2_lite {
    moe::transformer model{.vocab = 1000,
                           .context = 128,
                           .layers = 3,
                           .hidden = 64,
                           .tied_embeddings = true,
                           .mtp_depth = 1};
    moe::gqa attention{.heads = 6, .kv_heads = 2, .head_dim = 10, .qk_norm = true};
    moe::experts ffn{.routed = 8, .intermediate = 24};
    moe::softmax_top_k routing{.active = 3};
};
struct all_dense : tied {
    moe::experts ffn{.routed = 8, .intermediate = 24, .dense_layers = 3, .dense_intermediate = 96};
};

}  // namespace

TEST_CASE("the published numbers of DeepSeek-V3") {
    using v3 = count<test::deepseek_v3>;
    static_assert(moe::checked<test::deepseek_v3>());
    CHECK(in(billion, 3, v3::parameters) == "671.026");
    CHECK(in(billion, 3, v3::parameters_active) == "37.552");
    CHECK(in(billion, 1, v3::parameters_active_without_input_embedding) == "36.6");
    CHECK(in(billion, 3, v3::routed_experts) == "653.909");
    CHECK(in(billion, 3, v3::vocabulary_matrix) == "0.927");
    CHECK(in(1e6, 3, moe::of<test::deepseek_v3>.attention.parameters(7168)) == "187.107");
    CHECK(in(billion, 1, v3::train_flop_per_token) == "250.5");
    CHECK(in(billion, 1, 6 * v3::parameters_active_without_input_embedding) == "219.8");
    CHECK(in(1e3, 3, v3::kv_bytes_per_token(2)) == "70.272");
    CHECK(v3::mtp_parameters == 0);
}

TEST_CASE("multi-token prediction is trained, but is not active and costs no FLOP by convention") {
    using v3 = count<test::deepseek_v3>;
    using with = count<test::deepseek_v3_mtp>;
    CHECK(in(billion, 3, with::mtp_parameters) == "11.610");
    CHECK(with::parameters == v3::parameters + with::mtp_parameters);
    CHECK(with::parameters_active == v3::parameters_active);
    CHECK(with::train_flop_per_token == v3::train_flop_per_token);
    CHECK(with::kv_bytes_per_token(2) == v3::kv_bytes_per_token(2));
}

TEST_CASE("the published numbers of the other DeepSeek models") {
    static_assert(moe::checked<test::deepseek_v2>() && moe::checked<test::deepseek_v2_lite>() &&
                  moe::checked<test::deepseek_moe_16b>());
    using v2 = count<test::deepseek_v2>;
    CHECK(in(billion, 3, v2::parameters) == "235.741");
    CHECK(in(billion, 3, v2::parameters_active) == "21.376");
    CHECK(in(billion, 1, v2::train_flop_per_token) == "155.3");
    using lite = count<test::deepseek_v2_lite>;
    CHECK(in(billion, 4, lite::parameters) == "15.7065");
    CHECK(in(billion, 3, lite::parameters_active) == "2.661");
    CHECK(in(billion, 2, lite::parameters_active_without_input_embedding) == "2.45");
    using moe_16b = count<test::deepseek_moe_16b>;
    CHECK(in(billion, 3, moe_16b::parameters) == "16.376");
    CHECK(in(billion, 3, moe_16b::parameters_active) == "2.829");
}

TEST_CASE("counts agree with the tensors listed one by one") {
    agrees_with_the_list<test::deepseek_v3_mtp>();
    agrees_with_the_list<test::deepseek_v2>();
    agrees_with_the_list<test::deepseek_v2_lite>();
    agrees_with_the_list<test::deepseek_moe_16b>();
    agrees_with_the_list<tied>();
    agrees_with_the_list<all_dense>();
}

TEST_CASE("a tied matrix is counted once, and as the head it is active") {
    using is = count<tied>;
    CHECK(is::parameters_active == is::parameters_active_without_input_embedding);
    CHECK(is::parameters_active - is::parameters_active_without_embeddings == 64 * 1000);
    CHECK(is::kv_bytes_per_token(4) == 3 * (2 * 2 * 10) * 4);
    CHECK(is::train_flop_per_token == 6 * is::parameters_active + 3LL * 3 * 128 * 6 * (10 + 10));
}

TEST_CASE("the block of multi-token prediction is of the kind of the last layer") {
    const std::int64_t projection_and_norms = 2 * 64 * 64 + 3 * 64;
    const std::int64_t attention = moe::of<tied>.attention.parameters(64) + 2 * 64;
    CHECK(count<tied>::mtp_parameters ==
          projection_and_norms + attention + 8 * 64 + 8 * 3 * 64 * 24);
    CHECK(count<all_dense>::mtp_parameters == projection_and_norms + attention + 3 * 64 * 96);
    CHECK(count<all_dense>::parameters - count<all_dense>::mtp_parameters ==
          count<all_dense>::parameters_active);
}
