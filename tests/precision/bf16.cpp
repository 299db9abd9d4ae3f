// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/device/cpu.hpp>
#include <moe/layer/types.hpp>
#include <moe/moe.hpp>

namespace {

template <moe::bf16 Policy> struct recipe_with {
    moe::transformer model{.vocab = 16, .context = 4, .layers = 1, .hidden = 8};
    moe::gqa attention{.heads = 2, .kv_heads = 1, .head_dim = 4};
    moe::experts ffn{.routed = 2, .shared = 0, .intermediate = 8};
    moe::softmax_top_k routing{.active = 1};
    moe::loss_balance balance{};
    moe::bf16 precision = Policy;
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::cpu device{};
};
using plain = recipe_with<moe::bf16{}>;
using narrow = recipe_with<moe::bf16{.gradients = moe::number_format::bf16}>;

static_assert(moe::precision_policy<moe::bf16>);
static_assert(moe::cpu::computes<moe::bf16>);
static_assert(std::is_same_v<moe::gradient_of<plain>, float>);
static_assert(std::is_same_v<moe::gradient_of<narrow>, moe::bfloat16>);
static_assert(std::is_same_v<moe::activation_of<plain>, moe::bfloat16>);

TEST_CASE("bf16 keeps masters in FP32 and two copies in half of their bytes") {
    const moe::network_settings settings{.threads = 1, .grains = 1};
    const moe::byte_plan wide = moe::network<plain>::planned({1, 4}, settings);
    const moe::byte_plan half = moe::network<narrow>::planned({1, 4}, settings);
    CHECK(wide.packed < wide.weights);  // the embedding and the gains have no copies
    CHECK(half.gradients < wide.gradients);
    CHECK(half.weights == wide.weights);
    // Gains, router, embedding and head keep gradients in FP32.
    moe::network<narrow> network({1, 4}, settings);
    int wide_ones = 0, narrow_ones = 0;
    network.each_gradient([&]<class T>(const moe::name&, moe::rows<T>, moe::spec) {
        (std::is_same_v<T, float> ? wide_ones : narrow_ones)++;
    });
    CHECK(wide_ones == 6);        // three norms, router, embedding, head
    CHECK(narrow_ones == 4 + 6);  // attention, two experts
}

}  // namespace
