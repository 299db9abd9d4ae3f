// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <moe/moe.hpp>

namespace {

template <class Precision> struct model_in {
    moe::transformer model{.vocab = 16, .context = 4, .layers = 2, .hidden = 256};
    moe::gqa attention{.heads = 4, .kv_heads = 2, .head_dim = 64};
    moe::experts ffn{.routed = 8, .shared = 1, .intermediate = 128};
    moe::softmax_top_k routing{.active = 1};
    moe::loss_balance balance{};
    Precision precision{};
    moe::mesh parallel{};
    moe::adamw optimizer{};
    moe::cpu device{};
};
using in_pi = model_in<moe::pi>;
struct without_remainder : moe::pi {
    constexpr without_remainder() : moe::pi{.remainder = 0} {}
};
struct wide_remainder : moe::pi {
    constexpr wide_remainder() : moe::pi{.remainder = 16} {}
};
struct wide_moments : moe::pi {
    constexpr wide_moments() : moe::pi{.moment_group = 0} {}
};

static_assert(moe::precision_policy<moe::pi>);
static_assert(moe::cpu::computes<moe::pi>);

// Numbers of the weights that are held in few bits.
template <class Recipe> double compressible() {
    double count = 0;
    moe::weights_of<moe::transformer_of<Recipe>, Recipe>::each(
        moe::name(),
        [&](const moe::name&, auto& field) {
            constexpr moe::spec is = moe::spec_of<decltype(field)>;
            if (is.compressible()) count += double(is.count());
        },
        *std::make_unique<moe::weights_of<moe::transformer_of<Recipe>, Recipe>>());
    return count;
}
// Bytes that the optimizer and the products need for such a weight; what else there is counts for
// the others.
template <class Recipe> double bytes_a_weight() {
    using plain = model_in<moe::bf16>;
    const auto state = []<class R>(R) {
        const moe::byte_plan plan = moe::network<R>::planned({1, 4}, {.threads = 1, .grains = 1});
        return double(plan.weights + plan.packed + plan.gradients) +
               double(moe::optimizer<R>::planned_bytes());
    };
    const double others = state(plain{}) - 20 * compressible<plain>();
    return (state(Recipe{}) - others) / compressible<Recipe>();
}

}  // namespace

TEST_CASE("a weight takes the bytes that the policy says") {
    CHECK(compressible<in_pi>() > 1e6);
    CHECK(bytes_a_weight<model_in<moe::bf16>>() == doctest::Approx(20).epsilon(1e-3));
    CHECK(bytes_a_weight<in_pi>() == doctest::Approx(7.125).epsilon(1e-3));
    CHECK(bytes_a_weight<model_in<without_remainder>>() == doctest::Approx(6.125).epsilon(1e-3));
    CHECK(bytes_a_weight<model_in<wide_remainder>>() == doctest::Approx(8.125).epsilon(1e-3));
    CHECK(bytes_a_weight<model_in<wide_moments>>() == doctest::Approx(13).epsilon(1e-3));
}

TEST_CASE("every part of a weight and of a moment is a tensor with a name and a shape") {
    moe::network<in_pi> network({1, 4}, {.threads = 1, .trains = false});
    int bases = 0, remainders = 0, floats = 0;
    network.each_parameter([&]<class T>(const moe::name& of, moe::rows<T> values, moe::spec is) {
        CHECK(values.width == is.columns);
        const bool behind = of.text().ends_with(".remainder");
        CHECK(behind == std::is_same_v<T, std::int8_t>);
        (behind ? remainders : std::is_same_v<T, float> ? floats : bases)++;
    });
    CHECK(bases == 2 * (4 + 3 + 8 * 3));  // attention, a shared expert, eight others
    CHECK(remainders == bases);
    CHECK(floats == 2 * 3 + 3);  // two norms and a router a layer; a norm, embedding and head
    moe::optimizer<in_pi> optimizer;
    int codes = 0, scales = 0;
    optimizer.each_moment([&]<class T>(int, const moe::name& of, moe::rows<T> values, moe::spec) {
        if (of.text().ends_with("q_proj.weight.scale")) {
            CHECK(values.width == 256 / 32);
            CHECK(std::is_same_v<T, moe::bfloat16>);
        }
        codes += std::is_same_v<T, std::uint8_t>;
        scales += std::is_same_v<T, moe::bfloat16>;
    });
    CHECK(codes == 2 * bases);
    CHECK(scales == codes);
}

TEST_CASE("a start splits what the wide policies start from") {
    moe::network<model_in<moe::bf16>> wide({1, 4}, {.threads = 1, .trains = false});
    moe::network<in_pi> narrow({1, 4}, {.threads = 1, .trains = false});
    wide.start(3);
    narrow.start(3);
    const moe::rows<float> expected = wide.parameter("model.layers.1.mlp.experts.5.up_proj.weight");
    moe::rows<moe::bfloat16> base;
    moe::rows<std::int8_t> remainder;
    narrow.each_parameter([&]<class T>(const moe::name& of, moe::rows<T> values, moe::spec) {
        const bool of_it = of.text().starts_with("model.layers.1.mlp.experts.5.up_proj.weight");
        if constexpr (std::is_same_v<T, moe::bfloat16>) {
            if (of_it) base = values;
        } else if constexpr (std::is_same_v<T, std::int8_t>) {
            if (of_it) remainder = values;
        }
    });
    REQUIRE(base.count == expected.count);
    REQUIRE(remainder.count == expected.count);
    for (int r = 0; r < base.count; r += 7)
        for (int i = 0; i < base.width; i += 3) {
            CHECK(float(base(r, i)) == float(moe::bfloat16(expected(r, i))));
            CHECK(std::abs(moe::joined_weight(base(r, i), remainder(r, i)) - expected(r, i)) <=
                  std::abs(expected(r, i)) * 0x1p-15F);
        }
}
