// SPDX-License-Identifier: MIT
#include "tests/support/recipes.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {
struct dense : test::tiny {
    moe::transformer model{.vocab = 17, .context = 6, .layers = 1, .hidden = 8, .mtp_depth = 1};
};
}  // namespace

TEST_CASE("the module is of the kind of the last layer") {
    CHECK(std::is_same_v<moe::next_token<test::tiny>::block, moe::mixture_block<test::tiny>>);
    CHECK(std::is_same_v<moe::next_token<dense>::block, moe::dense_block<dense>>);
}

TEST_CASE("it reads the embedding of the next token and predicts the one behind it") {
    moe::network<test::tiny> network({1, 4}, {});
    network.start(1);
    // Larger weights than training starts from, so that every input matters.
    network.each_parameter([](const moe::name&, auto values, moe::spec) {
        for (int i = 0; i < values.count; ++i)
            for (int j = 0; j < values.width; ++j) values(i, j) *= 20;
    });
    const auto further_losses = [&](std::vector<int> window) {
        network.forward_backward(window, 4, 0.25, 1);
        network.finish_gradients();
        const double* losses = network.last_kept().further_losses;
        return std::vector<double>(losses, losses + 4);
    };
    const auto base = further_losses({1, 2, 3, 4, 5, 6});
    // The last position predicts the last token, from tokens up to the one before it.
    const auto other_target = further_losses({1, 2, 3, 4, 5, 7});
    CHECK(other_target[3] != base[3]);
    CHECK(other_target[2] == base[2]);
    const auto other_input = further_losses({1, 2, 3, 4, 8, 6});
    CHECK(other_input[3] != base[3]);  // its embedding is read
    CHECK(other_input[2] != base[2]);  // and it is predicted
    CHECK(other_input[1] == base[1]);
}
