// SPDX-License-Identifier: MIT
#include <moe/io/model_shape.hpp>
#include <moe/routing/balance.hpp>

#include <doctest/doctest.h>

#include <string_view>

using moe::io::shape_of;

namespace {

struct latent {
    moe::transformer model{.vocab = 300,
                           .context = 64,
                           .layers = 5,
                           .hidden = 48,
                           .rope_base = 5000,
                           .rope_scaling = {.factor = 4, .original_length = 16},
                           .norm_epsilon = 1e-5,
                           .tied_embeddings = true,
                           .initial_deviation = 0.006,
                           .mtp_depth = 1};
    moe::mla attention{
        .heads = 4, .q_rank = 7, .kv_rank = 9, .nope_dim = 5, .rope_dim = 6, .value_dim = 3};
    moe::experts ffn{
        .routed = 8, .shared = 2, .intermediate = 11, .dense_layers = 2, .dense_intermediate = 13};
    moe::sigmoid_top_k routing{
        .active = 3, .groups = 4, .kept_groups = 2, .scale = 2.5, .renormalise = false};
    moe::bias_balance balance{};
};
struct grouped : latent {
    moe::gqa attention{.heads = 6, .kv_heads = 3, .head_dim = 10, .qk_norm = true};
    moe::softmax_top_k routing{.active = 2};
    moe::loss_balance balance{};
};
struct own_routing : latent {
    struct : moe::sigmoid_top_k {
    } routing;
};
struct own_attention : latent {
    struct : moe::mla {
    } attention;
};
struct own_ffn : latent {
    struct : moe::experts {
    } ffn;
};
struct dense : latent {
    moe::experts ffn{.routed = 8, .intermediate = 1, .dense_layers = 5, .dense_intermediate = 13};
};

}  // namespace

TEST_CASE("a shape holds the numbers of the recipe") {
    constexpr auto is = shape_of<latent>();
    CHECK(is.unknown_policy == nullptr);
    CHECK(is.vocab == 300);
    CHECK(is.context == 64);
    CHECK(is.layers == 5);
    CHECK(is.hidden == 48);
    CHECK(is.rope_base == 5000);
    CHECK(is.rope_scaling.factor == 4);
    CHECK(is.rope_scaling.original_length == 16);
    CHECK(is.norm_epsilon == 1e-5);
    CHECK(is.initial_deviation == 0.006);
    CHECK(is.tied_embeddings);
    CHECK(is.mtp_depth == 1);
    CHECK(is.attention == moe::io::attention_kind::latent);
    CHECK(is.heads == 4);
    CHECK(is.q_rank == 7);
    CHECK(is.kv_rank == 9);
    CHECK(is.nope_dim == 5);
    CHECK(is.rope_dim == 6);
    CHECK(is.value_dim == 3);
    CHECK(is.routed == 8);
    CHECK(is.shared == 2);
    CHECK(is.intermediate == 11);
    CHECK(is.dense_layers == 2);
    CHECK(is.dense_intermediate == 13);
    CHECK(is.routing == moe::io::routing_kind::sigmoid);
    CHECK(is.active == 3);
    CHECK(is.groups == 4);
    CHECK(is.kept_groups == 2);
    CHECK(is.scale == 2.5);
    CHECK_FALSE(is.renormalise);
    CHECK(is.selection_bias);

    constexpr auto other = shape_of<grouped>();
    CHECK(other.attention == moe::io::attention_kind::grouped);
    CHECK(other.heads == 6);
    CHECK(other.kv_heads == 3);
    CHECK(other.head_dim == 10);
    CHECK(other.qk_norm);
    CHECK(other.routing == moe::io::routing_kind::softmax);
    CHECK(other.renormalise);
    CHECK_FALSE(other.selection_bias);
}

TEST_CASE("a policy of the user's own is named") {
    CHECK(std::string_view(shape_of<own_routing>().unknown_policy) == "routing");
    CHECK(std::string_view(shape_of<own_attention>().unknown_policy) == "attention");
    CHECK(std::string_view(shape_of<own_ffn>().unknown_policy) == "ffn");
}

TEST_CASE("the first layers are dense, and the further one is like the last") {
    constexpr auto is = shape_of<latent>();
    CHECK_FALSE(is.routes(1));
    CHECK(is.routes(2));
    CHECK(is.routes(5));
    CHECK_FALSE(shape_of<dense>().routes(4));
    CHECK_FALSE(shape_of<dense>().routes(5));
}
