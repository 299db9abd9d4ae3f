// SPDX-License-Identifier: MIT
#include "tests/support/gradient.hpp"
#include "tests/support/recipes.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

namespace {
using frozen_sigmoid = test::frozen<moe::sigmoid_top_k>;

// Everything at once: dense and mixture layers, latent attention, one further token.
struct whole : test::tiny {
    frozen_sigmoid routing{{.active = 2, .groups = 3, .kept_groups = 2, .scale = 2.5}};
    moe::loss_balance balance{.weight = 0.2};
};
struct tied : whole {
    moe::transformer model{
        .vocab = 17, .context = 6, .layers = 2, .hidden = 8, .tied_embeddings = true};
    moe::gqa attention{.heads = 2, .kv_heads = 1, .head_dim = 4};
};
struct dense : whole {
    moe::transformer model{.vocab = 17, .context = 6, .layers = 1, .hidden = 8, .mtp_depth = 1};
};

template <class Recipe> std::vector<int> windows_of(int sequences, int length, std::uint64_t seed) {
    const int width = length + moe::network<Recipe>::lookahead;
    std::vector<int> windows(std::size_t(sequences * width));
    for (std::size_t i = 0; i < windows.size(); ++i)
        windows[i] = int(moe::random_below(17, seed, 0, i));
    return windows;
}

// What a step minimises, by its formula.
template <class Recipe>
double objective(moe::network<Recipe>& network, double share, double sequence_share) {
    double sum = 0;
    const auto& kept = network.last_kept();
    for (const double loss : network.losses()) sum += loss;
    double further = 0;
    if constexpr (moe::of<Recipe>.model.mtp_depth > 0)
        for (int t = 0; t < network.last_pass().tokens(); ++t) further += kept.further_losses[t];
    double balance = 0;
    network.each_mixture([&](const auto& mixture) {
        for (int i = 0; i < network.last_pass().shape.sequences; ++i)
            balance += mixture.balance_loss[i];
    });
    return share * (sum + moe::of<Recipe>.model.mtp_weight * further) + sequence_share * balance;
}
}  // namespace

TEST_CASE_TEMPLATE("the gradient of a whole network is the derivative of what a step minimises",
                   Recipe, whole, tied, dense) {
    const int sequences = 2, length = 4;
    moe::network<Recipe> network({sequences, length}, {});
    network.start(3);
    // Larger weights than training starts from: everything matters then.
    network.each_parameter([&](const moe::name& of_field, auto values, moe::spec is) {
        test::fill_random(values, of_field.text().size(), 0.4);
        if (!is.decays)
            for (int j = 0; j < values.width; ++j) values(0, j) += 1;
    });
    const auto windows = windows_of<Recipe>(sequences, length, 5);
    const double share = 1.0 / (sequences * length), sequence_share = 1.0 / sequences;
    std::map<std::string, std::vector<double>> gradient;
    frozen_sigmoid::holds = false;
    network.forward_backward(windows, length, share, sequence_share);
    network.finish_gradients();
    frozen_sigmoid::holds = true;
    network.each_gradient([&](const moe::name& of_field, auto values, moe::spec) {
        gradient[std::string(of_field.text())].assign(values.at,
                                                      values.at + values.count * values.width);
    });
    const auto value = [&] {
        network.forward_backward(windows, length, share, sequence_share);
        network.finish_gradients();
        return objective(network, share, sequence_share);
    };
    network.each_parameter([&](const moe::name& of_field, auto values, moe::spec is) {
        if (!is.trained) return;
        INFO(std::string(of_field.text()));
        auto& of_this = gradient.at(std::string(of_field.text()));
        const moe::rows<const double> expected(of_this.data(), values.count, values.width);
        CHECK(test::gradient_error(values, expected, value, 2e-4) < 1e-7);
    });
    frozen_sigmoid::holds = false;
}
