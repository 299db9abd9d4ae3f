// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/device/cpu.hpp>
#include <moe/layer/operands.hpp>
#include <moe/moe.hpp>
#include <moe/precision/fp8.hpp>

#include <string>

namespace {

struct recipe {
    moe::transformer model{.vocab = 16, .context = 4, .layers = 1, .hidden = 128};
    moe::gqa attention{.heads = 4, .kv_heads = 1, .head_dim = 32};
    moe::experts ffn{.routed = 2, .shared = 0, .intermediate = 128};
    moe::softmax_top_k routing{.active = 1};
    moe::loss_balance balance{};
    moe::fp8 precision{.gradients = moe::number_format::bf16};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::cpu device{};
};

static_assert(moe::precision_policy<moe::fp8>);
static_assert(moe::cpu::computes<moe::fp8> && !moe::reference::computes<moe::fp8>);
static_assert(moe::multiplies_e4m3<recipe>);
static_assert(std::is_same_v<moe::gradient_of<recipe>, moe::bfloat16>);
static_assert(std::is_same_v<moe::activation_of<recipe>, moe::bfloat16>);

// What products read of a weight: e4m3, but not of what stays high.
template <moe::spec S> using copy_of = typename moe::weight_role<recipe>::template weight<S>::copy;
static_assert(std::is_same_v<copy_of<moe::spec{.packed = true}>, moe::e4m3>);
static_assert(std::is_same_v<copy_of<moe::spec{.packed = true, .high = true}>, moe::bfloat16>);
static_assert(std::is_same_v<copy_of<moe::spec{.packed = true, .precise = true}>, float>);

TEST_CASE("every setting of fp8 has a name in recipes and checkpoints") {
    std::string text;
    moe::print<recipe>([&](const moe::recipe_field& field) {
        if (field.key.starts_with("precision."))
            text += std::string(field.key.substr(10)) + '=' + std::string(field.value) + ' ';
    });
    CHECK(text ==
          "gradients=bf16 copies=1 tile=128 high_first_layers=0 high_last_layers=0 "
          "attention_output=e5m6 recompute_norms=true ");
}

}  // namespace
